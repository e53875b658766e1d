package server_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"

	"fairlot/crypto/custody"
	"fairlot/crypto/seal"
	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/server"
)

// TestLargestSampleFitsOneAnswer: the largest audit sample that the contract allows, of the longest identities and with locks for nine custodians, leaves in one answer.
func TestLargestSampleFitsOneAnswer(t *testing.T) {
	t.Parallel()
	field := (&fairlotv1.Campaign{}).ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name("audit"))
	most := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules).GetInt32().GetLte()
	if most != 2500 {
		t.Errorf("the contract allows %d", most)
	}
	var keys []string
	for range 9 {
		k, err := custody.NewKey()
		must(t, err)
		keys = append(keys, k.Recipient())
	}
	to, err := custody.ParseRecipients(keys...)
	must(t, err)
	long := []byte("name " + strings.Repeat("a", seal.MaxText-6) + "\n")
	sealed, err := custody.SealEntrant(custody.Entrant{Threshold: 9, To: to, Identity: long, Contact: long, Openings: seal.NewOpenings([32]byte{1}, long, long)})
	must(t, err)
	one := &fairlotv1.ReleasedEntrant{EntryId: strings.Repeat("a", 32), Rank: int64(most), Locks: sealed.Lock, IdentityEnvelope: sealed.Identity}
	all := &fairlotv1.PrepareReleaseResponse{Releases: []*fairlotv1.Release{{OpenedHash: strings.Repeat("a", 64), RequesterLabel: strings.Repeat("字", 100), ApproverLabel: strings.Repeat("字", 100),
		Entrants: slices.Repeat([]*fairlotv1.ReleasedEntrant{one}, int(most))}}}
	if size := proto.Size(all); size > server.MaxAnswer {
		t.Errorf("%d bytes, more than %d", size, server.MaxAnswer)
	} else {
		t.Logf("%d of %d bytes", size, server.MaxAnswer)
	}
	if int(engine.TodoSample) != int(fairlotv1.TodoKind_TODO_KIND_SAMPLE) {
		t.Error("the engine's number of what waits is not the contract's")
	}
}
