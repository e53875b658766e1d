package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"fairlot/store"
)

// oldest is the first major version on which the rooms were tested: from it on nobody but the owner may make objects in schema public.
const oldest = 15

// knock connects once, so that whoever starts the daemon learns why it cannot.
func knock(ctx context.Context, c *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return explain(ctx, c, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	version := conn.PgConn().ParameterStatus("server_version")
	major, _ := strconv.Atoi(strings.FieldsFunc(version+" ", func(r rune) bool { return r < '0' || r > '9' })[0])
	if major < oldest {
		return fmt.Errorf("the server at %s is PostgreSQL %d, and %d is the oldest that will do", address(c), major, oldest)
	}
	return nil
}

// explain says in words why a connection could not be had. It quotes role, database and address, never the server's text.
func explain(ctx context.Context, c *pgx.ConnConfig, err error) error {
	var pg *pgconn.PgError
	var certificate *tls.CertificateVerificationError
	away := func(format string, args ...any) error { return store.Saying(store.ErrUnavailable, format, args...) }
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &pg) && pg.Code == "3D000":
		return store.Saying(store.ErrNotFound, "the server at %s has no database %s", host(c), c.Database)
	case errors.As(err, &pg) && pg.Code == "28P01":
		return away("the server at %s does not take the password of role %s, or has no such role: correct the DSN", address(c), c.User)
	case errors.As(err, &pg) && (pg.Code == "28000" || pg.Code == "42501"):
		return away("the server does not let role %s in at %s; look at pg_hba.conf and at the rights on the database", c.User, address(c))
	case errors.As(err, &pg) && pg.Code == "53300":
		return away("the server at %s has no connection left; see max_connections", address(c))
	case errors.As(err, &pg) && pg.Code == "57P03":
		return away("the server at %s is starting or stopping; try again", address(c))
	case errors.As(err, &pg) && pg.Code == "42704" && len(ofDSN(c)) > 0:
		return away("the server at %s does not know a setting of the DSN: %s", address(c), strings.Join(ofDSN(c), " or "))
	case errors.As(err, &pg):
		return away("the server at %s refuses connections with SQLSTATE %s", address(c), pg.Code)
	case errors.As(err, &certificate):
		return away("the certificate of the server at %s is not to be trusted; see sslmode and sslrootcert of the DSN", address(c))
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return away("the server at %s has no TLS, and sslmode of the DSN asks for it", address(c))
	}
	return away("no PostgreSQL answers at %s: see that it runs, and that host and port of the DSN are right", address(c))
}

// ofDSN are the names of settings that a DSN asks of the server, and that are not ours.
func ofDSN(c *pgx.ConnConfig) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c.RuntimeParams)), func(name string) bool { _, ours := settings[name]; return ours })
}
