package postgres

import (
	"strings"
	"testing"
)

func TestParseDSNs(t *testing.T) {
	three := DSNs{"postgres://a:geheim@h/d", "host=h user=b password=geheim dbname=e", "postgres://c:geheim@h/f"}
	if got, err := ParseDSNs(three.Text()); err != nil || got != three {
		t.Errorf("%v, %v", got, err)
	}
	one := "host=h user=b password=geheim dbname=e"
	if got, err := ParseDSNs("# for all\n\n" + one + "\n"); err != nil || got != (DSNs{one, one, one}) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := ParseDSNs("answers x\r\n identity  y\nregistry z"); err != nil || got != (DSNs{"z", "y", "x"}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "# geheim", "registry geheim", "registry geheim\nidentity geheim", "registry geheim\nregistry geheim\nanswers geheim",
		"geheim\ngeheim\ngeheim", "registry geheim\nidentity geheim\nanswers geheim\nother geheim", "registry \nidentity a\nanswers b", "registry: geheim\nidentity: x\nanswers: y"} {
		if got, err := ParseDSNs(bad); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
}

// TestMalformedDSN: a password with # or / in it is cut there, and what is left must not be taken for a server, nor be quoted.
func TestMalformedDSN(t *testing.T) {
	for _, dsn := range []string{"postgres://a:geheim#x@127.0.0.1:5432/postgres", "postgres://a:p@geheim#1@127.0.0.1:5432/postgres", "postgres://a:geheim/x@127.0.0.1:5432/postgres", "geheim"} {
		_, err := newPlan(roomDSN{name: "registry", dsn: dsn}, "fairlot")
		if err == nil || !strings.Contains(err.Error(), "%23") || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
	if _, err := newPlan(roomDSN{name: "registry", dsn: "postgres://a:geheim%23%2F%40x@127.0.0.1:5432/postgres"}, "fairlot"); err != nil {
		t.Error(err)
	}
}
