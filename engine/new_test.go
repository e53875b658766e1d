package engine_test

import (
	"testing"

	"fairlot/crypto/ledger"
	"fairlot/engine"
	"fairlot/store"
)

// TestInstallationName shows what may be fixed forever: one line, in one normal form.
func TestInstallationName(t *testing.T) {
	_, logKey, err := ledger.GenerateLogKey("a.example")
	if err != nil {
		t.Fatal(err)
	}
	_, receiptKey, err := ledger.GenerateLogKey("a.example/receipt")
	if err != nil {
		t.Fatal(err)
	}
	for name, ok := range map[string]bool{
		"示範市立圖書館": true, "Library": true, "  Library ": true,
		"": false, "two\nlines": false, "tab\there": false, "hidden\u202eelif": false, "bad\xffbytes": false, "\u0000": false,
	} {
		in := store.Installation{Origin: "a.example", Institution: name, LogKey: logKey, ReceiptKey: receiptKey}
		if err := engine.CheckInstallation(&in); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
	in := store.Installation{Origin: "b.example", Institution: "Library", LogKey: logKey, ReceiptKey: receiptKey}
	if engine.CheckInstallation(&in) == nil {
		t.Error("a log key of another origin was taken")
	}
}
