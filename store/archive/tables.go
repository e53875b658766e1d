// Package archive is the form in which a whole installation moves from one engine to another: three streams, one a room, of rows in the order of their keys
// (docs/FORMATS.md section 10). It is no backup of a running daemon, and says nothing about an engine: the names and kinds here are the export's own, and each engine
// says where its columns differ.
//
// A row carries nothing but what its room holds, and rows are in the order of random ids, so a stream shows no order of entries. Keys are no part of it.
//
// First calls: [Write] for each of [Rooms], then [Read].
package archive

import "fmt"

// Kind is how a value is written. The zero value is [Bytes].
type Kind int

// The kinds. Truth values are Int 0 and 1.
const (
	Bytes Kind = iota // []byte in Go, base64 in a stream; nil is null
	Text              // string, UTF-8
	Int               // int64
)

// Column is one value of each row.
type Column struct {
	Name string
	Kind Kind
	Null bool // may be null
}

// Table is one table of a room. Its rows are ordered by the bytes of its first Key columns.
type Table struct {
	Name    string
	Key     int
	Columns []Column
}

// Rooms are the three rooms' names.
func Rooms() []string { return []string{"registry", "identity", "answers"} }

// columns reads `name`, `name:int`, `name:text` and `name?` for one that may be null.
func columns(names ...string) (all []Column) {
	for _, n := range names {
		c := Column{Name: n}
		switch {
		case len(n) > 4 && n[len(n)-4:] == ":int":
			c = Column{Name: n[:len(n)-4], Kind: Int}
		case len(n) > 5 && n[len(n)-5:] == ":text":
			c = Column{Name: n[:len(n)-5], Kind: Text}
		case n[len(n)-1] == '?':
			c = Column{Name: n[:len(n)-1], Null: true}
		}
		all = append(all, c)
	}
	return all
}

var binding = Table{"binding", 1, columns("id:int", "installation", "generation:int")}

// Tables returns the tables of a room in the order in which they are written and filled.
func Tables(room string) []Table {
	switch room {
	case "registry":
		return []Table{
			binding,
			{"installation", 1, columns("id:int", "origin:text", "institution:text", "log_key:text", "receipt_key:text")},
			{"campaigns", 1, columns("id", "slug:text", "state:int", "version:int", "request_id:text", "rules", "open_record", "tallies", "gate_made:int")},
			{"draws", 2, columns("campaign", "n:int", "state:int", "entrants:int", "close", "result", "ranking")},
			{"log", 1, columns("n:int", "record")},
			{"checkpoints", 1, columns("size:int", "note")},
			{"files", 1, columns("hash", "body")},
			{"staff_tokens", 1, columns("id", "secret", "role:text", "label", "expires:int", "revoked:int")},
			{"jobs", 1, columns("id", "kind:text", "campaign", "draw:int", "run_at:int", "version:int", "holder", "attempt:int", "said:text")},
			{"acts", 1, columns("n:int", "hash", "text")},
			{"approvals", 1, columns("id", "kind:text", "campaign", "draw:int", "act", "state:int", "requester:text", "requester_label", "requested:int", "expires:int",
				"decider:text", "decider_label", "decided:int", "not_before:int", "outcome:text")},
			{"cases", 1, columns("id", "campaign", "closed:int", "version:int", "body")},
		}
	case "identity":
		return []Table{
			binding,
			{"gates", 1, columns("campaign", "state:int", "epoch:int", "ends:int", "open_hash")},
			{"entrants", 2, columns("campaign", "id", "epoch:int", "stratum:int", "chances:int", "zero:text", "person", "consents:text", "tries:int", "waits?", "waits_epoch:int")},
			{"envelopes", 2, columns("campaign", "id", "locks", "identity?", "contact?")},
			{"pending", 3, columns("campaign", "epoch:int", "id", "retry_mac", "dropped:int", "response?")},
			{"erasures", 2, columns("campaign", "id", "state:int")},
			{"tags", 2, columns("campaign", "tag", "id")},
			{"days", 2, columns("campaign", "day:text", "entrants:int")},
			{"exclusions", 1, columns("campaign", "version:int", "mark")},
			{"excluded_tags", 2, columns("campaign", "tag")},
			{"entry_tokens", 2, columns("campaign", "hash", "chances:int", "expires:int", "state:int", "refusals:int", "stratum:int")},
			{"batches", 2, columns("campaign", "first:int", "last:int", "cleared:int")},
			{"releases", 3, columns("campaign", "draw:int", "n:int", "opened", "ids", "purpose:text")},
			{"notices", 4, columns("campaign", "draw:int", "stratum:int", "rank:int", "state:int", "attempts:int", "updated:int")},
			{"case_entrants", 2, columns("campaign", "id", "salt", "ids")},
			{"claims", 4, columns("campaign", "draw:int", "stratum:int", "rank:int", "day:text", "label", "way:text")},
		}
	case "answers":
		return []Table{
			binding,
			{"responses", 2, columns("campaign", "id", "secret", "consents:int", "closed?")},
			{"texts", 2, columns("campaign", "id", "question", "body")},
			{"mixed", 2, columns("campaign", "epoch:int")},
		}
	}
	panic(fmt.Sprintf("archive: no room %q", room))
}

// LeftOut are the columns, as table.column in any engine's schema, that an export does not carry, each with the reason. An engine's test compares this list and [Tables] with its
// schema: a column that is in neither fails it.
func LeftOut() map[string]string {
	const ofNow = "says which process works now; none does while an installation moves"
	return map[string]string{
		"gates.moving":   "an announcement of a mover that is gone; whoever moves the gate announces it again",
		"moves.campaign": "as gates.moving", "moves.state": "as gates.moving", "moves.epoch": "as gates.moving",
		"lease.id": ofNow, "lease.term": ofNow, "lease.beat": ofNow, "lease.holder": ofNow, "lease.door": ofNow,
		"days.part": "where an engine counts a day in parts, the export has the sum",
	}
}
