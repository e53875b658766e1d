package postgres

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"fairlot/store"
)

// NotAllowedError says that the administrator's role may not make databases and roles, and what somebody who may has to run.
type NotAllowedError struct {
	// SQL is for psql, as a superuser of each room's server. It holds verifiers, no passwords.
	SQL string
}

// Error implements error.
func (e *NotAllowedError) Error() string {
	return "the role may not make databases and roles: let an administrator run the SQL"
}

// TakenError says what lies under the names that [Provision] would use. It wraps [store.ErrExists].
type TakenError struct {
	Found []string // a line a room: server, database, roles, and whether somebody is connected
	// SQL drops it, on each room's server, as a superuser or the role that made it. It must not be run while an installation uses it.
	SQL string
}

// Error implements error.
func (e *TakenError) Error() string {
	return "the names are taken: " + strings.Join(e.Found, "; ")
}

// Unwrap is store.ErrExists.
func (e *TakenError) Unwrap() error { return store.ErrExists }

// EmptySQL empties a room's database for psql as its owner, as [Discard] does.
const EmptySQL = `DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION pg_database_owner;`

// Provision makes, for each room, a database name_room with the roles name_room_owner and name_room_app, under random passwords,
// and returns the DSNs of both. admin are URLs of roles that may make databases and roles, one a room; they may be the same. Where one may not,
// a [*NotAllowedError] comes with DSNs that work once its SQL was run. A [*TakenError] if one of the names is taken; then, and after
// any other error, nothing stays. PostgreSQL 15 or newer.
func Provision(ctx context.Context, admin DSNs, name string) (owners, apps DSNs, err error) {
	if !regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`).MatchString(name) {
		return owners, apps, errors.New("provision: a name has 1 to 40 of a-z, 0-9 and _, and begins with a letter")
	}
	var (
		plans   []plan
		blocked bool
	)
	for _, r := range admin.rooms() {
		p, err := newPlan(r, name)
		if err != nil {
			return DSNs{}, DSNs{}, err
		}
		may, err := p.allowed(ctx)
		if err != nil {
			return DSNs{}, DSNs{}, fmt.Errorf("provision the %s room: %w", r.name, err)
		}
		blocked = blocked || !may
		plans = append(plans, p)
	}
	owners = DSNs{plans[0].ownerDSN, plans[1].ownerDSN, plans[2].ownerDSN}
	apps = DSNs{plans[0].appDSN, plans[1].appDSN, plans[2].appDSN}
	if blocked {
		var text strings.Builder
		for _, p := range plans {
			fmt.Fprintf(&text, "-- the %s room, on %s\n%s;\n", p.room, p.server, strings.Join(p.make, ";\n"))
		}
		return owners, apps, &NotAllowedError{text.String()}
	}
	for i, p := range plans {
		if err := p.run(ctx); err != nil {
			for _, q := range plans[:i] {
				_ = q.undo(context.WithoutCancel(ctx), len(q.make)) // the first error says more
			}
			if errors.Is(err, store.ErrExists) {
				err = taken(ctx, plans)
			}
			return DSNs{}, DSNs{}, fmt.Errorf("provision the %s room: %w", p.room, err)
		}
	}
	for _, r := range owners.rooms() {
		awaitStandbys(ctx, r)
	}
	return owners, apps, nil
}

// knownWithin is how long standbys may take to hear of what was made on their primary.
const knownWithin = 10 * time.Second

// awaitStandbys returns once a room that was just made can be reached, or something else is wrong, which whoever opens it will say. Of several hosts
// in a DSN a standby may be asked first; where it has not heard of the role or the database yet, it says that there is none, and pgx looks no further.
func awaitStandbys(ctx context.Context, r roomDSN) {
	cfg, err := config(r)
	if err != nil || !slices.ContainsFunc(cfg.ConnConfig.Fallbacks, func(f *pgconn.FallbackConfig) bool {
		return f.Host != cfg.ConnConfig.Host || f.Port != cfg.ConnConfig.Port
	}) {
		return
	}
	for began := time.Now(); time.Since(began) < knownWithin && ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		conn, err := pgx.ConnectConfig(ctx, cfg.ConnConfig.Copy())
		if err == nil {
			_ = conn.Close(ctx)
			return
		}
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "3D000" && pg.Code != "28P01" && pg.Code != "28000" {
			return
		}
	}
}

// Withdraw drops what [Provision] made under a name: the three databases, with all that is in them, and their roles. What is not there is passed over.
// Nobody may be connected.
func Withdraw(ctx context.Context, admin DSNs, name string) error {
	for _, r := range admin.rooms() {
		p, err := newPlan(r, name)
		if err != nil {
			return err
		}
		err = unspread(ctx, r, name+"_"+string(r.name))
		if err == nil {
			err = p.undo(ctx, len(p.make))
		}
		if err != nil {
			return fmt.Errorf("withdraw the %s room: %w", r.name, err)
		}
	}
	return nil
}

// plan is what one room needs.
type plan struct {
	room             roomName
	database         string
	admin, server    string
	ownerDSN, appDSN string
	make, drop       []string // drop[i] takes make[i] back
}

func newPlan(r roomDSN, name string) (plan, error) {
	c, err := config(r)
	u, err2 := url.Parse(r.dsn)
	if err == nil && (err2 != nil || u.Scheme != "postgres" && u.Scheme != "postgresql") {
		err = fmt.Errorf("read the %s room's DSN: no URL: %s", r.name, form)
	}
	if err != nil {
		return plan{}, fmt.Errorf("provision the %s room: %w", r.name, err)
	}
	for _, own := range []string{"user", "password", "dbname", "database", "role", "options"} { // they would hold for the roles made here, too
		if u.Query().Has(own) {
			return plan{}, fmt.Errorf("provision the %s room: the administrator's DSN has %s behind the question mark: write role, password and database before it, and no role or options at all", r.name, own)
		}
	}
	database := name + "_" + string(r.name)
	owner, app := database+"_owner", database+"_app"
	p := plan{room: r.name, database: database, admin: r.dsn, server: net.JoinHostPort(c.ConnConfig.Host, strconv.Itoa(int(c.ConnConfig.Port)))}
	dsn := func(role, password string) string {
		v := *u
		v.User, v.Path = url.UserPassword(role, password), "/"+database
		return v.String()
	}
	for _, made := range []struct {
		role string
		dsn  *string
	}{{owner, &p.ownerDSN}, {app, &p.appDSN}} {
		role := made.role
		secret := make([]byte, 16)
		_, _ = rand.Read(secret) // never fails
		password := hex.EncodeToString(secret)
		*made.dsn = dsn(role, password)
		verifier, err := scram(password)
		if err != nil {
			return plan{}, fmt.Errorf("provision the %s room: %w", r.name, err)
		}
		p.make = append(p.make, "CREATE ROLE "+quote(role)+" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD '"+verifier+"'")
		p.drop = append(p.drop, "DROP ROLE "+quote(role))
	}
	p.make = append(p.make,
		"GRANT "+quote(owner)+" TO CURRENT_USER", // only a member may give a database away
		"CREATE DATABASE "+quote(database)+" OWNER "+quote(owner)+" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'",
		"REVOKE ALL ON DATABASE "+quote(database)+" FROM PUBLIC",
		"REVOKE "+quote(owner)+" FROM CURRENT_USER")
	p.drop = append(p.drop, "REVOKE "+quote(owner)+" FROM CURRENT_USER", "DROP DATABASE "+quote(database), "SELECT 1", "GRANT "+quote(owner)+" TO CURRENT_USER")
	return p, nil
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func (p plan) connect(ctx context.Context) (*pgx.Conn, error) {
	c, err := config(roomDSN{p.room, p.admin})
	if err != nil {
		return nil, err
	}
	if err := knock(ctx, c.ConnConfig); err != nil {
		return nil, err
	}
	c.ConnConfig.RuntimeParams["statement_timeout"] = "0"
	conn, err := pgx.ConnectConfig(ctx, c.ConnConfig)
	return conn, classifyOwner(ctx, "connect", err)
}

func (p plan) allowed(ctx context.Context) (may bool, err error) {
	conn, err := p.connect(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close(ctx) }()
	err = conn.QueryRow(ctx, "SELECT rolsuper OR rolcreatedb AND rolcreaterole FROM pg_roles WHERE rolname = current_user").Scan(&may)
	return may, classifyOwner(ctx, "read the role's rights", err)
}

func (p plan) run(ctx context.Context) error {
	conn, err := p.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for i, s := range p.make {
		if _, err := conn.Exec(ctx, s); err != nil {
			_ = p.undo(context.WithoutCancel(ctx), i) // the first error says more
			var pg *pgconn.PgError
			if errors.As(err, &pg) && (pg.Code == "42710" || pg.Code == "42P04") {
				return fmt.Errorf("the server at %s has a database or roles of that name: %w", p.server, store.ErrExists)
			}
			return classifyOwner(ctx, "make database and roles", err)
		}
	}
	return nil
}

// taken looks at what lies under the names of all rooms.
func taken(ctx context.Context, plans []plan) error {
	var e TakenError
	var sql strings.Builder
	for _, p := range plans {
		conn, err := p.connect(ctx)
		if err != nil {
			return err
		}
		var database bool
		var sessions int
		var roles []string
		err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1), (SELECT count(*) FROM pg_stat_activity WHERE datname = $1),
			ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname IN ($1 || '_owner', $1 || '_app') ORDER BY rolname)`, p.database).Scan(&database, &sessions, &roles)
		_ = conn.Close(context.WithoutCancel(ctx))
		if err != nil {
			return classifyOwner(ctx, "look what has the names", err)
		}
		var lies []string
		if database {
			lies = append(lies, "database "+p.database)
			if slices.Contains(roles, p.database+"_owner") {
				fmt.Fprintf(&sql, "GRANT %s TO CURRENT_USER;\n", quote(p.database+"_owner")) // only a member may drop it
			}
			fmt.Fprintf(&sql, "DROP DATABASE %s;\n", quote(p.database))
		}
		for _, role := range roles {
			lies = append(lies, "role "+role)
			fmt.Fprintf(&sql, "DROP ROLE %s;\n", quote(role))
		}
		if len(lies) == 0 {
			continue
		}
		text := "at " + p.server + " " + strings.Join(lies, ", ")
		if sessions > 0 {
			text += ", to which somebody is connected now"
		}
		e.Found = append(e.Found, text)
	}
	e.SQL = sql.String()
	return &e
}

// undo takes the first n statements back. What is gone already is passed over; the first other error is returned when all was tried.
func (p plan) undo(ctx context.Context, n int) error {
	conn, err := p.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	var first error
	for i := n - 1; i >= 0; i-- {
		_, err := conn.Exec(ctx, p.drop[i])
		var pg *pgconn.PgError
		if errors.As(err, &pg) && (pg.Code == "42704" || pg.Code == "3D000") {
			continue
		}
		if first == nil {
			first = classifyOwner(ctx, "drop database and roles", err)
		}
	}
	return first
}

// scram makes the verifier that PostgreSQL stores for a password, so that no log of the server gets to see the password:
// SCRAM-SHA-256$4096:salt$StoredKey:ServerKey (RFC 5802, RFC 7677).
func scram(password string) (string, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	const iterations = 4096
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("derive the verifier: %w", err)
	}
	mac := func(text string) []byte {
		h := hmac.New(sha256.New, salted)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	stored := sha256.Sum256(mac("Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", iterations, b64(salt), b64(stored[:]), b64(mac("Server Key"))), nil
}
