package jail

// slab is a growing array of T in chunks: entries never move, freed ones
// are used again, and their numbers take half the room of a pointer. 0 is no entry.
type slab[T any] struct {
	chunks [][]T
	free   []uint32
	last   uint32
}

const slabChunk = 128

func (s *slab[T]) at(i uint32) *T { return &s.chunks[i/slabChunk][i%slabChunk] }

func (s *slab[T]) take() uint32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		return i
	}
	s.last++
	if int(s.last/slabChunk) == len(s.chunks) {
		s.chunks = append(s.chunks, make([]T, slabChunk))
	}
	return s.last
}

func (s *slab[T]) drop(i uint32) {
	var zero T
	*s.at(i) = zero
	s.free = append(s.free, i)
}
