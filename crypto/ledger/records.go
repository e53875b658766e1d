package ledger

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// MaxRecord is the longest record in bytes (SPEC 2).
const MaxRecord = 32768

var (
	// ErrRecordSize means a record of 0 or more than MaxRecord bytes.
	ErrRecordSize = errors.New("record is not 1 to 32768 bytes")
	// ErrTruncated means a log.bin that ends inside a length or a record.
	ErrTruncated = errors.New("log ends inside a record")
)

// AppendRecord appends one record to the bytes of a log.bin (SPEC 8):
//
//	u16 length ‖ record
//
// The length is big-endian. The error wraps ErrRecordSize, and dst is then returned unchanged.
func AppendRecord(dst, record []byte) ([]byte, error) {
	if err := checkSize(record); err != nil {
		return dst, fmt.Errorf("write record: %w", err)
	}
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(record))), record...), nil
}

func checkSize(record []byte) error {
	if len(record) == 0 || len(record) > MaxRecord {
		return fmt.Errorf("%w but %d", ErrRecordSize, len(record))
	}
	return nil
}

// WriteLog writes records as a log.bin from entry 0. Nothing is written if one has a wrong size.
func WriteLog(w io.Writer, records [][]byte) error {
	var b []byte
	var err error
	for _, r := range records {
		if b, err = AppendRecord(b, r); err != nil {
			return err
		}
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	return nil
}

// RecordReader reads a log.bin record by record, holding one at a time. It is for one
// goroutine.
type RecordReader struct {
	r   *bufio.Reader
	n   int64
	err error
}

// NewRecordReader reads from entry 0.
func NewRecordReader(r io.Reader) *RecordReader { return &RecordReader{r: bufio.NewReader(r)} }

// Next returns the next record in a slice of its own. At the clean end it returns io.EOF, else
// an error that wraps ErrTruncated, ErrRecordSize or the reader's own; the error stays.
func (r *RecordReader) Next() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	rec, err := r.next()
	if err != nil && err != io.EOF {
		err = fmt.Errorf("read log entry %d: %w", r.n, err)
	}
	r.err = err
	if err == nil {
		r.n++
	}
	return rec, err
}

func (r *RecordReader) next() ([]byte, error) {
	var head [2]byte
	switch _, err := io.ReadFull(r.r, head[:]); err {
	case nil:
	case io.ErrUnexpectedEOF:
		return nil, ErrTruncated
	default:
		return nil, err // io.EOF: the clean end
	}
	size := int(binary.BigEndian.Uint16(head[:]))
	if size == 0 || size > MaxRecord {
		return nil, fmt.Errorf("%w but %d", ErrRecordSize, size)
	}
	rec := make([]byte, size)
	if _, err := io.ReadFull(r.r, rec); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = ErrTruncated
		}
		return nil, err
	}
	return rec, nil
}

// ReadLog reads all records of a log.bin.
func ReadLog(r io.Reader) ([][]byte, error) {
	var all [][]byte
	for in := NewRecordReader(r); ; {
		rec, err := in.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, rec)
	}
}
