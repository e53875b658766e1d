package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
)

// Databases is what the story asks of a PostgreSQL server besides what every operator does with fairlotd init: to look at all rows, and to
// leave nothing behind.
type Databases interface {
	// Rows writes every row of the installation in dir to w, in the database's own form.
	Rows(ctx context.Context, dir string, w io.Writer) error
	// Drop drops what fairlotd init --admin-dsn-file adminFile --database name made, as far as it is there.
	Drop(ctx context.Context, adminFile, name string) error
}

// onServer adds to the arguments of init what puts the rooms into PostgreSQL, in databases of this story's own.
func (s *story) onServer(args []string) []string {
	if s.AdminDSNFile == "" {
		return args
	}
	name := make([]byte, 4)
	_, _ = rand.Read(name) // never fails
	s.databases = "fairlot_demo_" + hex.EncodeToString(name)
	args = append(args, "--admin-dsn-file", s.AdminDSNFile, "--database", s.databases)
	if s.Distribute != "" {
		args = append(args, "--distribute", s.Distribute)
	}
	return args
}

// dropDatabases takes the story's databases away again. The daemon has ended.
func (s *story) dropDatabases() error {
	if s.databases == "" {
		return nil
	}
	if err := s.server.Drop(context.Background(), s.AdminDSNFile, s.databases); err != nil {
		return fmt.Errorf("demo: the databases %s_… are left on the server: %w", s.databases, err)
	}
	return nil
}

// searchRows looks through the rows in the server, since its files may be on another machine.
func (s *story) searchRows(ctx context.Context, f *finder) error {
	if s.databases == "" {
		return nil
	}
	var all bytes.Buffer
	if err := s.server.Rows(ctx, s.file(installationDir), &all); err != nil {
		return err
	}
	n := f.count(all.Bytes())
	s.say.line("and in all rows of the three databases, %.1f MB: %d found (the server's own files and journals are not looked at here)", float64(all.Len())/1e6, n)
	if n > 0 {
		return fmt.Errorf("personal data %d times in the rows of the databases", n)
	}
	if entries := s.Entries; all.Len() < 1000*entries { // an entry's envelopes and response are some 5 kB
		return fmt.Errorf("the rows of %d entries have %d bytes only: they were not read", entries, all.Len())
	}
	return nil
}
