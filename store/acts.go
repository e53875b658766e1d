package store

// Act is one row of the audit trail. Text is crypto/trail's own encoding and is opaque here.
type Act struct {
	N    int64 // from 1, without a gap
	Hash Hash  // SHA-256 of Text, as whoever appended it says
	Text []byte
}
