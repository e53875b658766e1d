package custody

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"fairlot/crypto/seal"
)

// list is one of n custodians and the last key as notifier.
func list(keys []*Key, k int) KeyList {
	l := KeyList{Campaign: [16]byte{2}, Log: "example.org/draws+00000001+AQ==", Threshold: k, Notifiers: []string{keys[len(keys)-1].Recipient()}}
	for i, key := range keys[:len(keys)-1] {
		l.Custodians = append(l.Custodians, Holder{key.Recipient(), fmt.Sprintf("c%d.example+00000002+BA==", i+1)})
	}
	return l
}

// TestStatementVectors compares with what spec/statements.py says of a list, the secrets of its challenges and its holders' statements.
func TestStatementVectors(t *testing.T) {
	file, err := os.ReadFile("testdata/statements.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for part := range strings.SplitSeq(string(file), "\n\n") {
		v := map[string][]byte{}
		for line := range strings.Lines(part) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			if v[key], err = hex.DecodeString(value); err != nil {
				t.Fatal(err)
			}
		}
		l, err := ParseKeyList(v["list"])
		if err != nil {
			t.Fatal(err)
		}
		hash := l.Hash()
		if !bytes.Equal(hash[:], v["keys"]) {
			t.Errorf("the list's hash is %x", hash)
		}
		recipient := l.Recipients()[n]
		s := NewStatement(hash, recipient, [32]byte(v["secret"]))
		if i := l.Custodian(recipient); i != 0 {
			key, err := base64.StdEncoding.DecodeString(strings.SplitN(l.Custodians[i-1].VKey, "+", 3)[2])
			got, err2 := ParseStatement(v["statement"])
			if err := errors.Join(err, err2); err != nil {
				t.Fatal(err)
			}
			if s.Signature = got.Signature; !ed25519.Verify(key[1:], s.Signed(), s.Signature) {
				t.Error("its signature is not by its cosigning key")
			}
		}
		if !bytes.Equal(s.Marshal(), v["statement"]) {
			t.Errorf("the statement is\n%s, want\n%s", s.Marshal(), v["statement"])
		}
		sig := ed25519.Sign(ed25519.NewKeyFromSeed(v["log"]), ChallengeText(hash, recipient))
		if secret := sha256.Sum256(sig); !bytes.Equal(secret[:], v["secret"]) {
			t.Errorf("the secret is %x", secret)
		}
		n++
	}
	if n != 3 {
		t.Errorf("%d vectors", n)
	}
}

func TestKeyListHasOneEncoding(t *testing.T) {
	keys, _ := newKeys(t, 4, true)
	l := list(keys, 2)
	good := string(l.Marshal())
	if got, err := ParseKeyList([]byte(good)); err != nil || !bytes.Equal(got.Marshal(), []byte(good)) {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"threshold 2 3", "threshold 2 4"}, {"threshold 2 3", "threshold 02 3"}, {"fairlot/v1 keys", "fairlot/v2 keys"}, {"campaign 02", "campaign 0A"},
		{"\n", "\r\n"}, {"custodian ", "custodian  "}, {"notifier ", "notified "}, {"log ", "logs "}} {
		if _, err := ParseKeyList([]byte(strings.Replace(good, c[0], c[1], 1))); !errors.Is(err, ErrKeyList) {
			t.Errorf("%q for %q: %v", c[1], c[0], err)
		}
	}
	last := good[strings.Index(good, "notifier"):]
	for what, bad := range map[string]string{"cut": good[:len(good)-1], "empty": "", "no notifier": strings.TrimSuffix(good, last), "more": good + "more\n", "notifier first": strings.Replace(good, "custodian", last+"custodian", 1)} {
		if _, err := ParseKeyList([]byte(bad)); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
	l.Threshold = 4
	_, err := ParseKeyList(l.Marshal())
	wantErr(t, err, ErrCount)
	l.Threshold, l.Custodians[1].Recipient = 2, l.Custodians[0].Recipient
	_, err = ParseKeyList(l.Marshal())
	wantErr(t, err, ErrTwice)
}

func TestChallenge(t *testing.T) {
	for _, classic := range []bool{true, false} {
		keys, to := newKeys(t, 3, classic)
		l := list(keys, 2)
		secret := [32]byte{9}
		file, err := SealChallenge(l.Hash(), keys[0].Recipient(), secret)
		if err != nil || len(file) > MaxChallenge {
			t.Fatal(len(file), err)
		}
		got, err := OpenChallenge(keys[0], file, l.Hash())
		if err != nil || got != secret {
			t.Fatal(err)
		}
		_, err = OpenChallenge(keys[1], file, l.Hash())
		wantErr(t, err, ErrWrongKey)
		_, err = OpenChallenge(keys[0], file, list(keys, 1).Hash())
		wantErr(t, err, ErrOtherList)
		_, err = OpenChallenge(keys[0], make([]byte, MaxChallenge+1), l.Hash())
		wantErr(t, err, seal.ErrSize)
		// A lock is no challenge, and a challenge no lock: answering opens nobody.
		e := entrant(to, 2)
		_, err = OpenChallenge(keys[0], mustSeal(t, e).Lock[0], l.Hash())
		wantErr(t, err, seal.ErrDamaged)
		if _, err := OpenLock(keys[0], file, Want{Head: headOf(e, seal.Contact), Custodian: 1}); err == nil {
			t.Error("a challenge opens as a lock")
		}
		// Text of the lock's length in a challenge's place is compared whole.
		long, _ := encrypt(append(fmt.Appendf(nil, "fairlot/v1 key challenge\nkeys %x\nsecret %x\n", l.Hash(), secret), '\n'), to.list[0])
		_, err = OpenChallenge(keys[0], long, l.Hash())
		wantErr(t, err, seal.ErrDamaged)
	}
}

func TestStatementHasOneEncoding(t *testing.T) {
	keys, _ := newKeys(t, 1, true)
	s := NewStatement([32]byte{1}, keys[0].Recipient(), [32]byte{2})
	for _, sig := range [][]byte{nil, bytes.Repeat([]byte{7}, 64)} {
		s.Signature = sig
		good := string(s.Marshal())
		back, err := ParseStatement([]byte(good))
		if err != nil || string(back.Marshal()) != good || back.Answers([32]byte{2}) != nil {
			t.Fatal(err)
		}
		wantErr(t, back.Answers([32]byte{3}), ErrAnswer)
		for _, c := range [][2]string{{"statement", "stated"}, {"keys 01", "keys 0A"}, {"answer ", "answers "}, {"\n", "\r\n"}, {"signature ", "signature  "}, {"recipient age1", "recipient AGE1"}} {
			bad := strings.Replace(good, c[0], c[1], 1)
			if _, err := ParseStatement([]byte(bad)); bad != good && err == nil {
				t.Errorf("%q for %q: taken", c[1], c[0])
			}
		}
		for _, bad := range []string{good + "x\n", good[:len(good)-1], strings.Repeat("x", MaxStatement+1), ""} {
			if _, err := ParseStatement([]byte(bad)); err == nil {
				t.Errorf("%.40q: taken", bad)
			}
		}
	}
	s.Signature = []byte{1}
	_, err := ParseStatement(s.Marshal())
	wantErr(t, err, ErrStatement)
	s.Signature, s.Recipient = nil, "age1name1qqqq"
	_, err = ParseStatement(s.Marshal())
	wantErr(t, err, ErrPlugin)
}

func FuzzParseStatement(f *testing.F) {
	s := Statement{Keys: [32]byte{1}, Recipient: "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"}
	f.Add(s.Marshal())
	s.Signature = make([]byte, 64)
	f.Add(s.Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := ParseStatement(b); err == nil && !bytes.Equal(s.Marshal(), b) {
			t.Fatal("two encodings")
		}
	})
}

func FuzzParseKeyList(f *testing.F) {
	const r = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
	f.Add(KeyList{Log: "l", Threshold: 1, Custodians: []Holder{{r, "k"}}, Notifiers: []string{r}}.Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := ParseKeyList(b); err == nil && !bytes.Equal(l.Marshal(), b) {
			t.Fatal("two encodings")
		}
	})
}
