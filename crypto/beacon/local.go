package beacon

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/cloudflare/circl/sign/bls"
)

// LocalID is the beacon id that every Local chain states.
const LocalID = "fairlot-local"

// Local is a whole beacon with one key on this machine: real BLS signatures in drand's form,
// for demonstrations and tests. Who holds its secret knows every round beforehand, so a draw
// on it proves nothing to outsiders. Make one with NewLocal; it is immutable and safe for
// concurrent use.
//
// Its chain hash is ChainHash with beacon id LocalID and, as there is no group, the group hash
// SHA-256("fairlot/v1 local beacon\n" ‖ public key).
type Local struct {
	chain Chain
	group [32]byte
	key   *bls.PrivateKey[bls.KeyG2SigG1]
}

// NewLocal makes a chain with a fresh random key. genesis is in Unix seconds, period in
// seconds; errors wrap ErrChain.
func NewLocal(genesis int64, period uint32) (*Local, error) {
	var secret [32]byte
	rand.Read(secret[:])
	return LocalFromSecret(genesis, period, secret)
}

// LocalFromSecret makes the chain that belongs to a 32-byte secret, the same one every time:
// for a demonstration that is stopped and started again, and for vectors.
func LocalFromSecret(genesis int64, period uint32, secret [32]byte) (*Local, error) {
	key, err := bls.KeyGen[bls.KeyG2SigG1](secret[:], nil, []byte("fairlot/v1 local beacon"))
	if err != nil {
		return nil, fmt.Errorf("make local beacon: %w", err)
	}
	pub, err := key.PublicKey().MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("make local beacon: %w", err)
	}
	l := &Local{chain: Chain{Scheme: Scheme, Period: period, Genesis: genesis}, key: key}
	copy(l.chain.Key[:], pub)
	l.group = sha256.Sum256(append([]byte("fairlot/v1 local beacon\n"), pub...))
	l.chain.Hash = ChainHash(l.chain, l.group, LocalID)
	if err := l.chain.Validate(); err != nil {
		return nil, fmt.Errorf("make local beacon: %w", err)
	}
	return l, nil
}

// Chain returns what a draw pins of this beacon.
func (l *Local) Chain() Chain { return l.chain }

// Sign returns the signature of a round, whether or not its time has come.
func (l *Local) Sign(round uint64) (sig [SignatureSize]byte) {
	copy(sig[:], bls.Sign(l.key, message(round)))
	return sig
}

// Handler serves the chain like a drand relay: GET /{chainhash}/info, /{chainhash}/public/{round}
// and /{chainhash}/public/latest. A round whose time has not come is refused with 425, another
// chain or round 0 with 404, a round that is no number with 400. now is the clock; nil is
// time.Now.
func (l *Local) Handler(now func() time.Time) http.Handler {
	if now == nil {
		now = time.Now
	}
	mux := http.NewServeMux()
	prefix := "GET /" + hex.EncodeToString(l.chain.Hash[:])
	mux.HandleFunc(prefix+"/info", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, info{
			PublicKey: hex.EncodeToString(l.chain.Key[:]), Period: l.chain.Period, GenesisTime: l.chain.Genesis,
			Hash: hex.EncodeToString(l.chain.Hash[:]), GroupHash: hex.EncodeToString(l.group[:]),
			SchemeID: l.chain.Scheme, Metadata: metadata{BeaconID: LocalID},
		})
	})
	mux.HandleFunc(prefix+"/public/latest", func(w http.ResponseWriter, _ *http.Request) {
		t := now().Unix()
		if t < l.chain.Genesis {
			http.Error(w, "the chain has not begun", http.StatusTooEarly)
			return
		}
		l.serve(w, uint64(t-l.chain.Genesis)/uint64(l.chain.Period)+1)
	})
	mux.HandleFunc(prefix+"/public/{round}", func(w http.ResponseWriter, r *http.Request) {
		s := r.PathValue("round")
		round, err := strconv.ParseUint(s, 10, 64)
		switch {
		case err != nil || strconv.FormatUint(round, 10) != s:
			http.Error(w, "round is not a number", http.StatusBadRequest)
		case round == 0:
			http.Error(w, "there is no round 0", http.StatusNotFound)
		case now().Unix() < l.chain.Unix(round):
			http.Error(w, "round is not out yet", http.StatusTooEarly)
		default:
			l.serve(w, round)
		}
	})
	return mux
}

func (l *Local) serve(w http.ResponseWriter, round uint64) {
	sig := l.Sign(round)
	randomness := Randomness(sig)
	writeJSON(w, answer{Round: round, Randomness: hex.EncodeToString(randomness[:]), Signature: hex.EncodeToString(sig[:])})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v) // a reader that went away is its own loss
}
