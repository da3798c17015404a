package source

import "gaol/filter"

// JournalText is the text of a record of journalctl, for fuzzing from outside.
func JournalText(record []byte) (string, error) {
	e, err := parseEntry(record)
	if err != nil {
		return "", err
	}
	text, _ := e.text(filter.MaxLine)
	return text, nil
}
