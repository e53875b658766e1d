package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

const (
	nonceSize = 12
	headSize  = 32 + 2 + 4
	tagSize   = 16
)

// Place is where a sealed response belongs. It is the associated data, so a
// response moved to another place does not open.
type Place struct {
	Open  [32]byte // SHA-256 of the open record
	Epoch uint32   // from 1
	ID    [16]byte // the entrant's id
}

func (p Place) bytes() []byte {
	b := make([]byte, 0, 52)
	b = append(b, p.Open[:]...)
	b = binary.BigEndian.AppendUint32(b, p.Epoch)
	return append(b, p.ID[:]...)
}

// Response is what is sealed of one sending.
type Response struct {
	Secret  [32]byte // SHA-256 of the answer secret that the entrant holds
	Consent uint16   // bit i: the i-th use that the notice asks consent for
	Body    []byte   // the canonical response, at most S bytes
}

// SealResponse seals r for its place under the epoch's key, padded so that the
// result is Overhead + size bytes whatever the response holds. size is the
// survey's S, 1 to [MaxResponse]. It returns [ErrSize] if the body is longer.
func SealResponse(key Key, at Place, r Response, size int) ([]byte, error) {
	if size < 1 || size > MaxResponse || len(r.Body) > size {
		return nil, fmt.Errorf("seal response: %w", ErrSize)
	}
	out := make([]byte, nonceSize, Overhead+size)
	rand.Read(out)
	plain := make([]byte, headSize+size)
	copy(plain, r.Secret[:])
	binary.BigEndian.PutUint16(plain[32:], r.Consent)
	binary.BigEndian.PutUint32(plain[34:], uint32(len(r.Body)))
	copy(plain[headSize:], r.Body)
	return gcm(key).Seal(out, out[:nonceSize], plain, at.bytes()), nil
}

// OpenResponse opens what [SealResponse] made with the same key, place and
// size. It returns [ErrSize] for another length and [ErrDamaged] for anything
// else that is not as it was sealed.
func OpenResponse(key Key, at Place, sealed []byte, size int) (Response, error) {
	if size < 1 || size > MaxResponse || len(sealed) != Overhead+size {
		return Response{}, fmt.Errorf("open response: %w", ErrSize)
	}
	plain, err := gcm(key).Open(nil, sealed[:nonceSize], sealed[nonceSize:], at.bytes())
	if err != nil {
		return Response{}, fmt.Errorf("open response: %w", ErrDamaged)
	}
	n := binary.BigEndian.Uint32(plain[34:])
	if uint64(n) > uint64(size) || !zero(plain[headSize+int(n):]) {
		return Response{}, fmt.Errorf("open response: %w", ErrDamaged)
	}
	end := headSize + int(n)
	return Response{
		Secret:  [32]byte(plain[:32]),
		Consent: binary.BigEndian.Uint16(plain[32:]),
		Body:    plain[headSize:end:end],
	}, nil
}

// RetryMAC tells a repeated entry from another body under the same id while
// the epoch's key lives. body is SHA-256 of the request as it was sent.
// Compare with hmac.Equal.
func RetryMAC(key Key, at Place, body [32]byte) [32]byte {
	m := hmac.New(sha256.New, key[:])
	m.Write([]byte("fairlot/v1 retry\n"))
	m.Write(at.bytes())
	m.Write(body[:])
	return [32]byte(m.Sum(nil))
}

func gcm(key Key) cipher.AEAD {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("seal: " + err.Error()) // a 32-byte key is always one of AES-256
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("seal: " + err.Error()) // AES has the block size of GCM
	}
	return aead
}

func zero(b []byte) bool {
	var any byte
	for _, c := range b {
		any |= c
	}
	return any == 0
}
