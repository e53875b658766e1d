package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/plugin"

	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/private"
	"fairlot/crypto/custody"
)

// A key file may itself be an age file, sealed by an age plugin: a security key, or a passphrase. KEYFILE.identity beside it then holds the plugin's identity,
// AGE-PLUGIN-NAME-1…, which names the one program that is run, on this machine and nowhere else: age-plugin-NAME in PATH. The recipient that campaigns list stays a
// native one, so the daemon runs no plugin.

func identityFile(key string) string { return key + ".identity" }

// sealedHead begins an age file.
const sealedHead = "age-encryption.org/v1\n"

// readKeyFile reads a key file, through its plugin if it is sealed.
func (a *app) readKeyFile(path string) ([]byte, error) {
	b, err := private.Read(path, custodian.MaxKeyFile)
	if err != nil || !bytes.HasPrefix(b, []byte(sealedHead)) {
		return b, err
	}
	text, err := private.Read(identityFile(path), 4096)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read %s: it is sealed by an age plugin, and %s, which says by which, is missing", path, identityFile(path))
	}
	if err != nil {
		return nil, err
	}
	id, err := a.pluginIdentity(identityFile(path), text)
	if err != nil {
		return nil, err
	}
	r, err := age.Decrypt(bytes.NewReader(b), id)
	if err == nil {
		b, err = io.ReadAll(io.LimitReader(r, custodian.MaxKeyFile+1))
	}
	if err != nil {
		return nil, a.pluginTrouble("open "+path, id, err)
	}
	return b, nil
}

// writeKeyFile writes a new key file, sealed by the plugin of an identity file if one is named.
func (a *app) writeKeyFile(path, identity string, b []byte) error {
	if identity == "" {
		return private.Write(path, b)
	}
	if err := free(identityFile(path)); err != nil {
		return err
	}
	text, err := os.ReadFile(identity)
	if err != nil {
		return err
	}
	id, err := a.pluginIdentity(identity, text)
	if err != nil {
		return err
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, id.Recipient())
	if err == nil {
		if _, err = w.Write(b); err == nil {
			err = w.Close()
		}
	}
	if err != nil {
		return a.pluginTrouble("seal the key", id, err)
	}
	if r, err := age.Decrypt(bytes.NewReader(sealed.Bytes()), id); err != nil {
		return a.pluginTrouble("open what it has just sealed", id, err)
	} else if back, err := io.ReadAll(r); err != nil || !bytes.Equal(back, b) {
		return fmt.Errorf("age-plugin-%s did not give back what it sealed: no key was made", id.Name())
	}
	if err := private.Write(identityFile(path), []byte(id.String()+"\n")); err != nil {
		return err
	}
	if err := private.Write(path, sealed.Bytes()); err != nil {
		os.Remove(identityFile(path))
		return err
	}
	return nil
}

// pluginIdentity reads the one identity of a plugin in a file. A native one would lie in the clear beside the key that it protects.
func (a *app) pluginIdentity(path string, text []byte) (*plugin.Identity, error) {
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 1 {
		return nil, fmt.Errorf("read %s: want one identity of an age plugin, AGE-PLUGIN-…, and nothing else", path)
	}
	id, err := plugin.NewIdentity(lines[0], plugin.NewTerminalUI(a.say, a.say))
	if err != nil { // age's own error could quote a secret key
		return nil, fmt.Errorf("read %s: this is no identity of an age plugin, AGE-PLUGIN-…; a native key protects nothing beside what it seals", path)
	}
	return id, nil
}

// pluginTrouble says which program failed.
func (a *app) pluginTrouble(act string, id *plugin.Identity, err error) error {
	var none *plugin.NotFoundError
	if errors.As(err, &none) {
		return fmt.Errorf("%s: the program age-plugin-%s is not in PATH: install it on this machine", act, id.Name())
	}
	return fmt.Errorf("%s: age-plugin-%s: %w", act, id.Name(), err)
}

func (a *app) readCustodian(path string) (*custodian.Key, error) {
	b, err := a.readKeyFile(path)
	if err != nil {
		return nil, err
	}
	k, err := custodian.ParseKey(b)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return k, nil
}

func (a *app) readNotifier(path string) (*custody.Key, error) {
	b, err := a.readKeyFile(path)
	if err != nil {
		return nil, err
	}
	k, err := custody.ParseKey(b)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return k, nil
}

// readEither reads a key that may be a custodian's or a notifier's; own is nil for a notifier's.
func (a *app) readEither(path string) (k *custody.Key, own *custodian.Key, err error) {
	b, err := a.readKeyFile(path)
	if err != nil {
		return nil, nil, err
	}
	if k, err = custody.ParseKey(b); err == nil {
		own, err = custodian.ParseKey(b)
		if errors.Is(err, custodian.ErrNoCosigner) {
			return k, nil, nil
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", path, err)
	}
	return k, own, nil
}
