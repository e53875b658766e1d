"""Vectors of keys that no text may hold, of keys that collide, and of signature lines."""

import base64

import ed25519
import notes
import verify
from records import sha256
from scene import IN_TIME, LOG_VKEY, ORIGIN, POLICY, RECEIPT_VKEY, WITNESS_VKEY, Scene, drawn, secret
from vectors import Vector

MADE = []
P = ed25519.P
SIGN = 1 << 255
NEUTRAL = 1
ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826
# name, what, the 32 bytes as a little-endian number. y = 2 is off the curve; y = 3 is on it, of large order.
REFUSED = [("neutral", "The neutral point.", NEUTRAL), ("neutral-plus-p", "The neutral point with y = p + 1.", P + 1),
           ("neutral-sign", "The neutral point with the sign bit.", NEUTRAL | SIGN), ("order-2", "The point of order 2.", P - 1),
           ("order-4", "A point of order 4.", 0), ("order-4-sign", "The other point of order 4.", SIGN),
           ("order-4-plus-p", "A point of order 4 with y = p.", P), ("order-8", "A point of order 8.", ORDER_8),
           ("order-8-minus", "Another point of order 8.", P - ORDER_8 | SIGN), ("plus-p", "A point of large order with y = p + 3.", P + 3),
           ("off-curve", "No point of the curve has y = 2.", 2)]
TWINS = ("twin 75596", "twin 79488")       # found by trying: under TWIN their cosigners' keys have one key hash
TWIN = "twin.example.org"
LOG_TWIN = ("log twin 10082", "log twin 9460")  # a log's key and a cosigner's that have one under ORIGIN


def add(name, kind, about, expect, parts, have=None, want=None):
    v = Vector(name, about, kind, expect)
    v.parts = {p: b.encode() if isinstance(b, str) else b for p, b in parts.items()}
    v.have, v.want = have or {}, want or {}
    if kind == "bundle":
        v.known = {(verify.QUICKNET, 1000): verify.ROUNDS[1000]}
    MADE.append(v)


def all_():
    points()
    twins()
    lines()
    return MADE


def key(name, algorithm, pub):
    """The vkey of a public key, 32 bytes or such a number."""
    k = bytes([algorithm]) + (pub if isinstance(pub, bytes) else pub.to_bytes(32, "little"))
    return "%s+%s+%s" % (name, sha256(name.encode(), b"\n", k)[:4].hex(), base64.b64encode(k).decode())


def forged(text, name, algorithm, pub, time=None):
    """A signature line that holds for every text under a key that is the neutral point: R = s·B."""
    s, k = 5, base64.b64decode(key(name, algorithm, pub).split("+", 2)[2])
    sig = ed25519._encode(ed25519._mul_base(s)) + s.to_bytes(32, "little")
    sig = time.to_bytes(8, "big") + sig if time else sig
    raw = sha256(name.encode(), b"\n", k)[:4] + sig
    return ("— %s %s\n" % (name, base64.b64encode(raw).decode())).encode()


def points():
    h = sha256(b"an open record").hex()
    origin = "fairlot/v1 origin\nlog %s\nold old.example.org\nold-size 1\nold-root " + h + "\n"
    city = "city.example.org"
    for name, about, number in REFUSED:
        add("unit-record-key-" + name, "record", about, "fail", {"record": origin % key(ORIGIN, 1, number)})
        add("unit-policy-key-" + name, "policy", about, "fail", {"policy": POLICY.replace(WITNESS_VKEY["city"], key(city, 4, number))},
            {"satisfied": "city,custodian-1,custodian-2"})
    add("unit-policy-log-key-neutral", "policy", "The log's key is the neutral point.", "fail",
        {"policy": POLICY.replace(LOG_VKEY, key(ORIGIN, 1, NEUTRAL))}, {"satisfied": "city,custodian-1,custodian-2"})
    for what, number in (("", 3), ("-sign", 3 | SIGN)):
        text = origin % key(ORIGIN, 1, number)
        add("unit-record-key-large-order" + what, "record", "A point of large order, y = 3.", "ok", {"record": text},
            want={"record-hash": sha256(text.encode()).hex()})
    receipt = b"fairlot/v1 receipt\nopen %s\nid %s\n" % (h.encode(), b"ab" * 16)
    name = ORIGIN + "/receipt"
    add("unit-receipt-vkey-neutral", "receipt", "The receipt key is the neutral point, so anybody can sign.", "fail",
        {"note": receipt + b"\n" + forged(receipt, name, 1, NEUTRAL)}, {"vkey": key(name, 1, NEUTRAL)})
    add("unit-receipt-vkey-name", "receipt", "The key given is not named ORIGIN/receipt.", "fail",
        {"note": receipt + b"\n" + notes.sign_note(receipt, ORIGIN, 1, secret(ORIGIN))}, {"vkey": LOG_VKEY})
    for place, was, algorithm in (("log", LOG_VKEY, 1), ("receipt", RECEIPT_VKEY, 1), ("custodian", WITNESS_VKEY["custodian-1"], 4)):
        s = Scene("open-key-" + place, edit=lambda t: t.replace(was, key(was.split("+")[0], algorithm, NEUTRAL)))
        s.checkpoint()
        add("open-key-%s-neutral" % place, "bundle", "A key of open is the neutral point: %s." % place, "1 record", s.bundle())
    for what, number in (("", NEUTRAL), ("-plus-p", P + 1), ("-sign", NEUTRAL | SIGN)):
        # Anybody could cosign for this witness, and here somebody did: libraries take the line, or do not.
        weak = key(city, 4, number)
        s = Scene("policy-witness-neutral" + what, policy=POLICY.replace(WITNESS_VKEY["city"], weak))
        s.close(s.people([1] * 4))
        s.checkpoint(("custodian-1", IN_TIME), edit_sig=lambda ls: ls + [forged(b"", city, 4, number, IN_TIME)])
        s.result()
        s.checkpoint()
        add("policy-witness-neutral" + what, "bundle", "A witness's key is the neutral point, in one of its encodings.", "1 files", s.bundle())


def twins():
    pubs = [key(TWIN, 4, ed25519.public(secret(t))) for t in TWINS]
    assert pubs[0][:26] == pubs[1][:26] and pubs[0] != pubs[1]
    policy = "log %s\nwitness one %s\nwitness two %s\ngroup any 1 one two\nquorum any\n" % (LOG_VKEY, pubs[0], pubs[1])
    add("unit-policy-twins", "policy", "Two keys of one name and one key hash.", "fail", {"policy": policy}, {"satisfied": "one,two"})
    for i, which in enumerate(("first", "second")):
        s = Scene("policy-twins-" + which, policy=policy)
        s.close(s.people([1] * 4))
        cosign(s, TWIN, 4, TWINS[i], IN_TIME)
        s.result()
        s.checkpoint()
        add("policy-twins-" + which, "bundle", "Two witnesses' keys have one name and one key hash; the %s cosigned." % which, "1 files", s.bundle())
    log, witness = (key(ORIGIN, a, ed25519.public(secret(t))) for a, t in zip((1, 4), LOG_TWIN))
    assert log.split("+")[1] == witness.split("+")[1]
    one = "log %s\nwitness one %s\nquorum one\n"
    add("unit-policy-log-twin", "policy", "A witness's key has the name and the key hash of the log's.", "fail", {"policy": one % (log, witness)},
        {"satisfied": "one"})
    # Step 4 goes by the log key of open, and only step 5 finds that the policy's is another.
    s = Scene("log-twin", policy=one % (LOG_VKEY, witness), edit=lambda t: t.replace(LOG_VKEY, log))
    cosign(s, ORIGIN, 1, LOG_TWIN[0], replace=True)
    add("log-twin", "bundle", "The log key of open has the name and the key hash of a witness of another log's policy.", "1 open", s.bundle())


def cosign(s, name, algorithm, word, time=None, replace=False):
    """A checkpoint with a further line, or with this line only."""
    text = []
    s.checkpoint(edit_text=lambda t: text.append(t) or t,
                 edit_sig=lambda ls: ([] if replace else ls) + [notes.sign_note(text[0], name, algorithm, secret(word), time)])


def lines():
    """A checkpoint with one more line, by nobody that the policy knows."""
    def one(name, about, line, expect="1 log"):
        s = drawn("signature-" + name, [1, 1], end=False, then=lambda s: s.checkpoint(edit_sig=lambda ls: ls + [line + b"\n"]))
        add("signature-" + name, "bundle", about, expect, s.bundle())

    def named(name, about, signer, expect="1 log"):
        one("name-" + name, about, "— %s AAAAAAA=".encode() % signer.encode(), expect)
    named("any", "A stranger's name of all kinds of characters, a signature of one byte.", "!~-*/:@\\\"'<", "0 proven")
    named("128", "A stranger's name of 128 characters.", "s" * 128, "0 proven")
    named("129", "A stranger's name of 129 characters.", "s" * 129)
    named("empty", "A stranger without a name.", "")
    named("plus", "A plus in a stranger's name.", "s+t")
    named("tab", "A tab in a stranger's name.", "s\tt")
    named("vertical-tab", "A vertical tab in a stranger's name.", "s\vt")
    named("control", "U+0001 in a stranger's name.", "s\u0001t")
    named("delete", "U+007F in a stranger's name.", "s\u007ft")
    named("next-line", "U+0085 in a stranger's name.", "s\u0085t")
    named("no-break-space", "A no-break space in a stranger's name.", "s\u00a0t")
    named("line-separator", "U+2028 in a stranger's name.", "s\u2028t")
    named("zero-width-space", "U+200B in a stranger's name.", "s\u200bt")
    named("letter", "A letter outside ASCII in a stranger's name.", "łódź.example.org")
    one("name-not-utf-8", "A stranger's name is not UTF-8.", "— s".encode() + b"\xff AAAAAAA=")
    one("stray-bits", "A stranger's base64 has stray bits.", "— s AAAAAAB=".encode())
    one("cr", "A stranger's line ends with CR LF.", "— s AAAAAAA=\r".encode())
    one("no-padding", "A stranger's base64 has no padding.", "— s AAAAAAA".encode())
    one("url-base64", "A stranger's base64 is that of addresses.", "— s AAAA-_A=".encode())
    one("three-words", "A third word in a stranger's line.", "— s AAAAAAA= AAAAAAA=".encode())
    one("two-spaces", "Two spaces in a stranger's line.", "— s  AAAAAAA=".encode())
    one("hash-of-nobody", "The log's name with another key hash is a stranger.", "— {} AAAAAAA=".format(ORIGIN).encode(), "0 proven")
