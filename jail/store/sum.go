package store

import (
	"database/sql"
	"encoding/binary"
	"hash/crc32"

	"gaol/filter"
)

// summer computes the sums that rows bear. SQLite notices when its own structures are broken, not
// when the bytes of a value are: with another address in it, a ban would lock out somebody who has done
// nothing. So what decides about somebody is summed up. A sum is no protection against a person, only
// against faults of disks, memory and file systems. The zero value is ready.
type summer struct{ buf []byte }

// ban sums up whom a ban locks out, and until when.
func (s *summer) ban(jail, prefix, id string, start int64, ends sql.NullInt64) int64 {
	s.texts(jail, prefix, id)
	s.numbers(start)
	if ends.Valid {
		s.numbers(ends.Int64)
	}
	return s.sum()
}

// counted sums up whom a failure is counted against, when, and for how many.
func (s *summer) counted(jail, prefix, id string, at, read int64, weight int) int64 {
	s.texts(jail, prefix, id)
	s.numbers(at, read, int64(weight))
	return s.sum()
}

// position sums up all of p: with another one, lines would be counted twice or never.
func (s *summer) position(p filter.Position) int64 {
	s.texts(p.Path, p.Cursor)
	s.numbers(int64(p.Device), int64(p.Inode), p.Offset, int64(p.Fingerprint), int64(p.FingerprintSize), nanos(p.Seen))
	return s.sum()
}

func (s *summer) texts(texts ...string) {
	for _, t := range texts {
		s.numbers(int64(len(t)))
		s.buf = append(s.buf, t...)
	}
}

func (s *summer) numbers(numbers ...int64) {
	for _, n := range numbers {
		s.buf = binary.LittleEndian.AppendUint64(s.buf, uint64(n))
	}
}

func (s *summer) sum() int64 {
	sum := crc32.ChecksumIEEE(s.buf)
	s.buf = s.buf[:0]
	return int64(sum)
}

// matches says whether a row is what was written. Those of versions without sums have none.
func matches(stored sql.NullInt64, sum int64) bool { return !stored.Valid || stored.Int64 == sum }
