package source

// CutMark stands at the end of a line that was cut.
const CutMark = cutMark

// JournalText is the text of a record of journalctl, for fuzzing from outside.
func JournalText(record []byte) (string, error) {
	e, err := parseEntry(record)
	if err != nil {
		return "", err
	}
	text, _ := e.text(defaultMaxLine)
	return text, nil
}
