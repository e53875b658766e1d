package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// KeyFile is an epoch key or a tag key with the place that it belongs to:
//
//	fairlot/v1 key
//	campaign HEX32
//	use epoch N        (or: use tag)
//	key HEX64
type KeyFile struct {
	Campaign [16]byte
	Epoch    uint32 // 0: the campaign's tag key; else the epoch, from 1
	Key      Key
}

// NewKeyFile draws a new random key for an epoch, or for the tags if epoch is 0.
func NewKeyFile(campaign [16]byte, epoch uint32) KeyFile {
	f := KeyFile{Campaign: campaign, Epoch: epoch}
	rand.Read(f.Key[:])
	return f
}

// Name returns the name of the key's file in the key folder.
func (f KeyFile) Name() string {
	c := hex.EncodeToString(f.Campaign[:])
	if f.Epoch == 0 {
		return c + "-tag.key"
	}
	return fmt.Sprintf("%s-epoch-%d.key", c, f.Epoch)
}

// Marshal returns the file's content, which is secret.
func (f KeyFile) Marshal() []byte {
	use := "tag"
	if f.Epoch != 0 {
		use = fmt.Sprintf("epoch %d", f.Epoch)
	}
	return fmt.Appendf(nil, "fairlot/v1 key\ncampaign %x\nuse %s\nkey %s\n", f.Campaign[:], use, hex.EncodeToString(f.Key[:]))
}

// ParseKeyFile reads a key file. name is the file's own name without folder; a
// renamed file is a [*MismatchError], anything not in the one encoding, or a key
// of zeros only, is [ErrDamaged].
func ParseKeyFile(name string, content []byte) (KeyFile, error) {
	bad := fmt.Errorf("read key file: %w", ErrDamaged)
	lines := strings.Split(string(content), "\n")
	if len(content) > 256 || len(lines) != 5 {
		return KeyFile{}, bad
	}
	var f KeyFile
	if !unhex(f.Campaign[:], lines[1], "campaign ") || !unhex(f.Key[:], lines[3], "key ") {
		return KeyFile{}, bad
	}
	if n, ok := strings.CutPrefix(lines[2], "use epoch "); ok {
		epoch, err := strconv.ParseUint(n, 10, 32)
		if err != nil || epoch == 0 {
			return KeyFile{}, bad
		}
		f.Epoch = uint32(epoch)
	}
	if !bytes.Equal(f.Marshal(), content) || zero(f.Key[:]) {
		return KeyFile{}, bad
	}
	if f.Name() != name {
		return KeyFile{}, &MismatchError{What: "key file", Field: "name"}
	}
	return f, nil
}

// unhex decodes a line of prefix and lower-case hex into dst, filling it.
func unhex(dst []byte, line, prefix string) bool {
	h, ok := strings.CutPrefix(line, prefix)
	if !ok || len(h) != 2*len(dst) {
		return false
	}
	_, err := hex.Decode(dst, []byte(h))
	return err == nil
}
