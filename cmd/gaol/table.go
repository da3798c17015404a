package main

import (
	"strings"
	"unicode/utf8"
)

// A cell is a piece of text in a table.
type cell struct {
	text  string
	style style
}

// table lays rows out in aligned columns. The zero value is an empty table.
type table struct {
	rows [][]cell
}

// head adds a row of column titles.
func (t *table) head(titles ...string) {
	row := make([]cell, len(titles))
	for i, title := range titles {
		row[i] = cell{title, dim}
	}
	t.rows = append(t.rows, row)
}

func (t *table) row(cells ...cell) { t.rows = append(t.rows, cells) }

// write appends the table, two blanks between columns and none at line ends.
func (t *table) write(b *strings.Builder, p painter) {
	var widths []int
	for _, row := range t.rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	for _, row := range t.rows {
		last := len(row) - 1
		for last > 0 && row[last].text == "" {
			last--
		}
		for i, c := range row[:last+1] {
			b.WriteString(p.in(c.style, c.text))
			if i < last {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text)+2))
			}
		}
		b.WriteByte('\n')
	}
}
