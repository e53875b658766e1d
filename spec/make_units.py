"""Vectors of single things: record, entry, tree, ranking, receipt, policy."""

import base64
import unicodedata

import drawing
import ed25519
import notes
from records import sha256
from scene import LOG_VKEY, ORIGIN, POLICY, RECEIPT_VKEY, WITNESS_VKEY, Scene, draw, secret, vkey
from vectors import Vector

MADE = []
OPEN_HASH = sha256(b"an open record")


def add(name, kind, about, expect, parts, have=None, want=None):
    v = Vector(name, about, kind, expect)
    v.parts = {p: b.encode() if isinstance(b, str) else b for p, b in parts.items()}
    v.have, v.want = have or {}, want or {}
    MADE.append(v)


def all_():
    records()
    entries()
    trees()
    rankings()
    receipts()
    policies()
    return MADE


def records():
    h, head = OPEN_HASH.hex(), "fairlot/v1 %s\nopen " + OPEN_HASH.hex() + "\n"

    def ok(name, about, text):
        add("unit-record-" + name, "record", about, "ok", {"record": text}, want={"record-hash": sha256(text.encode()).hex()})

    def fail(name, about, text):
        add("unit-record-" + name, "record", about, "fail", {"record": text})
    ok("open", "An open record with everything in it.", Scene(
        "everything", register=1000000000, excluded="12 " + h, audit=65535, chances=1000, batch=65535,
        draws=[draw(strata=2, tiers=[(1, 1, 1), (1, 2, 1000000), (2, 1, 5)], dead=3650),
               draw(n=2, strata=1000, proportional=1000000, alternates=1000000, round_=1 << 40, earlier="out", vacated="forfeit")]).open_text.decode())
    ok("amend", "An amend record.", head % "amend" + "draw 1\nround 1099511627776\n")
    close = head % "close" + "draw 99\nentrants 3\nzero duplicate 1\nzero won-earlier 1\nday 2024-02-29 3\nroot " + h + "\n"
    ok("close", "A close record with a leap day.", close)
    ok("close-empty", "A close record of an empty list.", head % "close" + "draw 1\nentrants 0\nroot " + sha256().hex() + "\n")
    ok("void", "A void record.", head % "void" + "draw 1\nreason beacon-dead\n")
    result = head % "result" + "draw 1\nclose %s\nsignature %s\nseed %s\nranking %s\nranked 0\n" % (h, "ab" * 48, h, h)
    ok("result", "A result record.", result)
    replace = head % "replace" + "draw 1\nstratum 1\nvacated 1\nreason erased\nnext none\n"
    ok("replace", "A replace record with nobody next.", replace)
    opened = head % "opened" + "draw 1\npurpose notice\ncount 1\nunproven no\n"
    ok("opened", "An opened record about a draw.", opened)
    ok("opened-case", "An opened record about a case.", head % "opened" + "purpose court\ncase %s\ncount 1\nunproven yes\n" % h[:32])
    erased = head % "erased" + "what answers\nwhat logs\nby operator\n"
    ok("erased", "An erased record.", erased)
    ok("origin", "An origin record.", "fairlot/v1 origin\nlog %s\nold old.example.org\nold-size 9007199254740991\nold-root %s\n" % (LOG_VKEY, h))
    audit = "fairlot/v1 audit\nday 2024-02-29\ncount 57\nhead %s\n" % h
    ok("audit", "An audit record.", audit)
    fail("audit-none", "An audit record of no acts.", audit.replace("count 57", "count 0"))
    fail("audit-no-day", "A day that does not exist.", audit.replace("2024-02-29", "2023-02-29"))
    fail("audit-open", "An audit record that names a campaign.", audit.replace("day ", "open %s\nday " % h))
    fail("audit-order", "Two keys exchanged.", "fairlot/v1 audit\ncount 57\nday 2024-02-29\nhead %s\n" % h)
    fail("audit-upper-hex", "A head in upper case.", audit.replace(h, h.upper()))
    fail("amend-round-zero", "Round 0.", head % "amend" + "draw 1\nround 0\n")
    fail("amend-extra", "An amend that changes the margin.", head % "amend" + "draw 1\nround 5\nmargin 5\n")
    fail("close-no-29-february", "29 February of a common year.", close.replace("2024-02-29", "2023-02-29"))
    fail("close-zero-nothing", "A reason counted 0 times.", close.replace("duplicate 1", "duplicate 0"))
    fail("close-reason", "An unknown reason.", close.replace("zero duplicate", "zero boring"))
    fail("close-over-2-53", "A number above 2^53 - 1.", close.replace("entrants 3", "entrants 9007199254740992"))
    fail("close-plus", "A number with a sign.", close.replace("entrants 3", "entrants +3"))
    fail("close-arabic-digits", "A number in other digits.", close.replace("entrants 3", "entrants \u0663"))
    fail("close-draw-zero", "Draw 0.", close.replace("draw 99", "draw 0"))
    fail("close-draw-100", "Draw 100.", close.replace("draw 99", "draw 100"))
    fail("close-no-draw", "No draw line.", close.replace("draw 99\n", ""))
    fail("void-upper-case", "A reason in upper case.", head % "void" + "draw 1\nreason Cancelled\n")
    fail("void-long-code", "A code of 65 characters.", head % "void" + "draw 1\nreason %s\n" % ("a" * 65))
    fail("result-short-signature", "A signature of 47 bytes.", result.replace("ab" * 48, "ab" * 47))
    ok("replace-zeros", "Stratum and rank 0: that nobody holds such a seat is seen in step 12.", replace.replace("stratum 1\nvacated 1", "stratum 0\nvacated 0"))
    fail("replace-next-zero", "Rank 0 is next: there is none, and `none` says that.", replace.replace("next none", "next 0"))
    fail("replace-reason", "A reason outside the list.", replace.replace("erased", "disliked"))
    fail("opened-case-in-draw", "A case beside a draw.", opened.replace("count", "case %s\ncount" % h[:32]))
    fail("opened-notice-without-draw", "Purpose notice without a draw.", opened.replace("draw 1\n", ""))
    fail("opened-count-zero", "Nothing opened.", opened.replace("count 1", "count 0"))
    fail("erased-twice", "One thing stated twice.", erased.replace("what logs", "what answers"))
    fail("erased-custodian-0", "Custodian 0.", erased.replace("operator", "custodian-0"))
    fail("tab", "A tab for the space.", erased.replace("by operator", "by\toperator"))
    fail("bom", "A byte order mark.", "\ufeff" + erased)
    fail("two-lf", "An empty line at the end.", erased + "\n")
    fail("head-only", "The first line only.", "fairlot/v1 erased\n")
    fail("too-long", "A record over 32,768 bytes.", head % "erased" + "".join("what a%06d\n" % i for i in range(2800)) + "by operator\n")
    text = Scene("limits").open_text.decode()
    long = "ż" * 100
    ok("open-text-200", "A text of 200 bytes.", text.replace("City of Łódź", long))
    fail("open-text-201", "A text of 201 bytes.", text.replace("City of Łódź", long + "a"))
    fail("open-recipient-bare", "A recipient of age1 alone.", "".join("notifier 1 age1\n" if line.startswith("notifier 1 ") else line for line in text.splitlines(True)))
    fail("open-recipient", "A recipient of another make.", text.replace("notifier 1 age1", "notifier 1 ssh1"))
    fail("open-base64", "A key whose base64 has stray bits.", text.replace(LOG_VKEY, stray(LOG_VKEY)))
    fail("open-custodian-order", "Custodians numbered from 2.", text.replace("custodian 1", "custodian 3"))
    fail("open-time-offset", "A time with an offset.", text.replace("entries-end 2023-08-23T12:00:00Z", "entries-end 2023-08-23T12:00:00+00:00"))
    fail("open-time-fraction", "A time with a fraction.", text.replace("12:00:00Z", "12:00:00.0Z"))
    fail("open-time-one-digit", "A month of one digit.", text.replace("entries-end 2023-08-23", "entries-end 2023-8-23"))
    fail("open-time-24", "Hour 24.", text.replace("entries-end 2023-08-23T12", "entries-end 2023-08-22T24"))
    fail("open-time-1999", "A year before 2000.", text.replace("entries-end 2023", "entries-end 1999"))
    fail("close-date-one-digit", "A day of one digit.", close.replace("2024-02-29", "2024-02-9"))
    fail("close-date-basic", "A date without hyphens.", close.replace("2024-02-29", "20240229"))
    fail("close-date-1999", "A date before 2000.", close.replace("2024-02-29", "1999-12-31"))
    fail("open-zone", "A zone name with a dot.", text.replace("Europe/Warsaw", "Europe.Warsaw"))
    fail("open-zone-long", "A zone name of 65 characters.", text.replace("Europe/Warsaw", "E" * 65))
    fail("open-key-34-bytes", "A key of 33 bytes after its algorithm.", text.replace(LOG_VKEY, key_of(ORIGIN, b"\x01" + bytes(33))))
    k = b"\x01" + ed25519.public(secret("long origin"))
    fail("open-origin-129", "An origin of 129 characters.", text.replace(LOG_VKEY, key_of("o" * 129, k)))
    ok("open-origin-120", "An origin of 120 characters, the longest with a receipt key.",
       text.replace(LOG_VKEY, key_of("o" * 120, k)).replace(RECEIPT_VKEY, key_of("o" * 120 + "/receipt", k)))
    fail("open-tier-two-words", "A tier without a count.", text.replace("tier 1 1 2", "tier 1 2"))
    fail("open-tier-two-spaces", "Two spaces in a tier.", text.replace("tier 1 1 2", "tier 1  1 2"))
    fail("origin-cosigner", "The new log's key is a cosigner's.", "fairlot/v1 origin\nlog %s\nold old.example.org\nold-size 1\nold-root %s\n" % (WITNESS_VKEY["city"], h))
    fail("origin-old-plus", "An old origin with a plus.", "fairlot/v1 origin\nlog %s\nold old+org\nold-size 1\nold-root %s\n" % (LOG_VKEY, h))
    fail("open-private-use", "A private use code point.", text.replace("City", "\ue000ity"))
    fail("open-separator", "A line separator.", text.replace("City", "Ci\u2028ty"))
    fail("open-nfd-hangul", "Hangul in conjoining letters.", text.replace("City", unicodedata.normalize("NFD", "시")))


def key_of(name, k):
    return "%s+%s+%s" % (name, sha256(name.encode(), b"\n", k)[:4].hex(), base64.b64encode(k).decode())


def stray(v):
    """A vkey of 33 bytes has no padding to spare, so add some."""
    return v[:-1] + "=" if v.endswith("=") else v + "===="


def entries():
    def one(name, about, identity, contact, expect="ok", s=None, stratum=1, chances=1):
        s = s if s is not None else sha256(b"s of " + name.encode())
        have = {"s": s.hex(), "open-hash": OPEN_HASH.hex(), "stratum": str(stratum), "chances": str(chances)}
        want = {}
        if expect == "ok":
            e = drawing.entrant(OPEN_HASH, s, identity.encode(), contact.encode())
            want = {k: e[k].hex() for k in ("r", "id", "ki", "kc", "ci", "cc", "person")}
            want["leaf"] = e["id"].hex() + "%04x%04x" % (stratum, chances) + e["person"].hex()
        add("unit-entry-" + name, "entry", about, expect, {"identity": identity, "contact": contact}, have, want)
    full = "name Zofia Łęcka\nid-type passport\nid-number EH1234567\nbirth 1958-02-28\ncard 00012345\nguardian Jan Łęcki\n"
    contact = "lang pl\nphone +48600000000\nemail zofia@example.org\naddress ul. Żwirki 1/2, 90-001 Łódź\n"
    one("full", "Every key of both texts.", full, contact)
    one("empty", "Both texts are empty.", "", "")
    one("no-contact", "An empty contact text.", "name Ana\n", "")
    one("zero-secret", "s of 32 zero bytes, the largest stratum and chances.", "name Ana\n", "lang en\n", s=bytes(32), stratum=1000, chances=1000)
    one("chances-zero", "A leaf of chances 0.", "card 7\n", "email a@example.org\n", chances=0)
    one("scripts", "Names in several scripts.", "name Ωμέγα 山田 Ольга עדה\n", "lang el\n")
    one("order", "Keys out of order.", "id-type card\nname Ana\n", contact, "fail")
    one("unknown-key", "An unknown key.", "name Ana\nheight 170\n", contact, "fail")
    one("nfd", "Normalization Form D.", unicodedata.normalize("NFD", full), contact, "fail")
    one("no-lf", "The last line has no LF.", full[:-1], contact, "fail")
    one("birth", "No real day of birth.", "birth 1900-02-29\n", contact, "fail")
    one("long", "A value of 201 bytes.", full, "address %s\n" % ("a" * 201), "fail")
    one("zero-width-joiner", "A zero width joiner.", "name A\u200dna\n", contact, "fail")
    one("contact-in-identity", "A contact key in the identity text.", "name Ana\nphone 1\n", contact, "fail")


def trees():
    all_leaves = sorted(drawing.leaf(sha256(b"leaf %d" % i)[:16], 1, 1, sha256(b"person %d" % i)) for i in range(8))

    def root(ls):  # the definition of RFC 6962, section 2.1, word by word
        if len(ls) < 2:
            return sha256(b"\0" + ls[0]) if ls else sha256()
        k = 1
        while k * 2 < len(ls):
            k *= 2
        return sha256(b"\1", root(ls[:k]), root(ls[k:]))
    for n in (0, 1, 2, 3, 4, 5, 7, 8):
        add("unit-tree-%d" % n, "tree", "A tree of %d leaves." % n, "ok", {"leaves": b"".join(all_leaves[:n])}, want={"root": root(all_leaves[:n]).hex()})
    turned = all_leaves[4::-1] + all_leaves[:1]
    add("unit-tree-unsorted", "tree", "Leaves out of order, one of them twice: a tree has any.", "ok", {"leaves": b"".join(turned)}, want={"root": root(turned).hex()})
    add("unit-tree-cut", "tree", "A leaf of 51 bytes.", "fail", {"leaves": all_leaves[0][:-1]})


def rankings():
    """The expected ranking is worked out here again, in another way than in drawing.py."""
    def one(name, about, chances, strata, scene, into, seats, alternates):
        seed, leaves = sha256(b"seed of " + name.encode()), b"".join(scene.people(chances, strata))
        rows = []
        for at in range(0, len(leaves), 52):
            b = leaves[at:at + 52]
            own, c = b[17], b[18] * 256 + b[19]
            if c:
                best = sorted(sha256(seed + b[:16] + bytes([0, 0, j >> 8, j & 255])) for j in range(c))[0]
                rows.append((into[own], best, b[:16]))
        out = []
        for st in sorted(seats):
            row = [t for t, n in enumerate(seats[st], 1) for _ in range(n)] + ["alt"] * alternates
            mine = sorted(r for r in rows if r[0] == st)
            out += ["%d %d %s %s %s\n" % (st, k + 1, r[2].hex(), r[1].hex(), seat) for k, (r, seat) in enumerate(zip(mine, row))]
        text = "".join(out).encode()
        sample = sorted((sha256(b"fairlot/v1 audit\n" + seed + r[2]), r[2].hex()) for r in rows)[:scene.open["audit"]]
        add("unit-ranking-" + name, "ranking", about, "ok", {"open": scene.open_text, "leaves": leaves},
            {"seed": seed.hex(), "batch": str(scene.open["batch"])},
            {"ranking-hash": sha256(text).hex(), "ranked": str(len(out)), "audit": ",".join(i for _, i in sample)})
    one("weighted", "Forty leaves of 0 to 300 chances, an audit sample of five.", [i * i % 301 for i in range(40)], None,
        Scene("unit weighted", chances=300, audit=5, draws=[draw(tiers=[(1, 1, 3), (1, 2, 4)], alternates=6)]), {1: 1}, {1: [3, 4]}, 6)
    one("strata-joined", "Strata of 2, 6, 1, 5, 2 with a batch of 3: 1 joins 2, 3 joins 4, 5 joins 4.", [1] * 16,
        [1] * 2 + [2] * 6 + [3] + [4] * 5 + [5] * 2,
        Scene("unit strata", batch=3, audit=2, draws=[draw(strata=5, alternates=2, tiers=[(i, 1, 1) for i in range(1, 6)])]),
        {1: 2, 2: 2, 3: 4, 4: 4, 5: 4}, {2: [2], 4: [3]}, 2)
    one("proportional", "Nine seats over 10, 15, 5 leaves: 3, 4.5, 1.5, the tie goes to stratum 2.", [1] * 30,
        [1] * 10 + [2] * 15 + [3] * 5, Scene("unit proportional", audit=1, draws=[draw(strata=3, proportional=9, alternates=1)]),
        {1: 1, 2: 2, 3: 3}, {1: [3], 2: [5], 3: [1]}, 1)


def receipts():
    s = sha256(b"s of receipt")
    e = drawing.entrant(OPEN_HASH, s, b"name Ana\n", b"lang pl\n")
    name = ORIGIN + "/receipt"
    head = "fairlot/v1 receipt\nopen %s\nid %s\n" % (OPEN_HASH.hex(), e["id"].hex())
    drawn = "person %s\nstratum 2\nchances 3\n" % e["person"].hex()

    def signed(text, by=name):
        return text.encode() + b"\n" + notes.sign_note(text.encode(), by, 1, secret(by))

    def saved(note, s=s, ci=e["ci"], cc=e["cc"], draws=True):
        top = "fairlot/v1 saved receipt\ns %s\n" % s.hex()
        top += "identity %s\ncontact %s\n" % (ci.hex(), cc.hex()) if draws else ""
        return top.encode() + b"\n" + note

    def one(label, about, note, expect="ok", key=RECEIPT_VKEY):
        want = {"id": e["id"].hex()} if expect == "ok" else {}
        add("unit-receipt-" + label, "receipt", about, expect, {"note": note}, {"vkey": key}, want)
    full = signed(head + drawn)
    one("full", "A receipt with person, stratum and chances.", full)
    one("no-chances", "Chances are not counted yet.", signed(head + drawn.replace("chances 3\n", "")))
    one("survey-only", "A receipt of a campaign without draws.", signed(head))
    one("saved", "A saved copy: id and person recompute.", saved(full))
    one("saved-survey-only", "A saved copy of a campaign without draws.", saved(signed(head), draws=False))
    one("altered", "The chances were altered.", full.replace(b"chances 3", b"chances 4"), "fail")
    one("other-key", "Signed by the log's key.", signed(head + drawn, ORIGIN), "fail")
    one("two-signatures", "A second signature stands below.", full + notes.sign_note(full, ORIGIN, 1, secret(ORIGIN)), "fail")
    one("signed-twice", "The receipt key's line stands twice.", full + full[full.rindex("— ".encode()):], "fail")
    one("vkey-bare", "The key is named /receipt, without an origin.", signed(head + drawn, "/receipt"), "fail", key=vkey("/receipt", 1))
    one("person-without-stratum", "A person without a stratum.", signed(head + drawn.split("\n")[0] + "\n"), "fail")
    one("key-order", "Keys out of order.", signed(head + "person %s\nchances 3\nstratum 2\n" % e["person"].hex()), "fail")
    one("upper-hex", "The id in upper case.", signed((head + drawn).replace(e["id"].hex(), e["id"].hex().upper())), "fail")
    one("saved-other-s", "Another s: the id does not recompute.", saved(full, s=sha256(b"other")), "fail")
    one("saved-other-contact", "Another contact: the person does not recompute.", saved(full, cc=sha256(b"other")), "fail")
    one("saved-without-person", "Commitments beside a receipt without a person.", saved(signed(head)), "fail")
    one("saved-cr", "The saved head has CR.", saved(full).replace(b"\ncontact", b"\r\ncontact", 1), "fail")
    one("other-first-line", "Another text under the receipt key.", signed((head + drawn).replace("receipt", "recipe", 1)), "fail")
    one("saved-without-note", "A saved head alone.", saved(b"")[:-1], "fail")
    one("vkey-algorithm", "The key given is a cosigner's.", full, "fail", WITNESS_VKEY["city"])


def policies():
    def one(name, about, text, satisfied, result):
        add("unit-policy-" + name, "policy", about, "ok" if result else "fail", {"policy": text}, {"satisfied": satisfied or "-"},
            {"result": result} if result else {})
    one("met", "Two of three.", POLICY, "city,custodian-2", "yes")
    one("not-met", "One of three.", POLICY, "custodian-2", "no")
    one("nobody", "Nobody.", POLICY, "", "no")
    one("stranger", "A name that the policy does not know counts for nothing.", POLICY, "city,stranger", "no")
    single = POLICY.replace("quorum two-of-three", "quorum city")
    one("single", "The quorum is one witness.", single, "city", "yes")
    one("single-others", "The quorum is one witness, and the others do not make up for it.", single, "custodian-1,custodian-2", "no")
    one("none", "quorum none is never satisfied.", POLICY.replace("quorum two-of-three", "quorum none"), "city,custodian-1,custodian-2", "no")
    one("no-witness", "A policy without witnesses.", "log %s\nquorum none\n" % LOG_VKEY, "", "no")
    any_ = POLICY.replace("quorum two-of-three\n", "group pair 2 custodian-1 custodian-2\ngroup any 1 pair city\nquorum any\n")
    one("nested", "One of: both custodians, or the city.", any_, "custodian-1,custodian-2", "yes")
    one("nested-not-met", "One custodian is not a pair.", any_, "custodian-1", "no")
    bad = [("k-zero", "A group of which none is needed.", POLICY.replace("two-of-three 2", "two-of-three 0")),
           ("k-above", "More needed than there are members.", POLICY.replace("two-of-three 2", "two-of-three 4")),
           ("member-unknown", "An unknown member.", POLICY.replace("2 custodian-1", "2 mayor")),
           ("member-twice", "A member twice in one group.", POLICY.replace("2 custodian-1", "2 city")),
           ("group-in-itself", "A group that is its own member.", POLICY.replace("2 custodian-1", "2 two-of-three")),
           ("quorum-unknown", "An unknown quorum.", POLICY.replace("quorum two-of-three", "quorum three-of-three")),
           ("no-quorum", "No quorum line.", POLICY.replace("quorum two-of-three\n", "")),
           ("quorum-twice", "Two quorum lines.", POLICY + "quorum none\n"),
           ("quorum-first", "Lines out of order.", "quorum none\n" + POLICY.replace("quorum two-of-three\n", "")),
           ("no-log", "No log line.", POLICY.split("\n", 1)[1]),
           ("log-cosigner", "The log line's key is a cosigner's.", POLICY.replace(LOG_VKEY, WITNESS_VKEY["stranger"])),
           ("witness-algorithm", "A witness's key is a log's.", POLICY.replace(WITNESS_VKEY["city"], RECEIPT_VKEY)),
           ("name-twice", "Two witnesses of one name.", POLICY.replace("witness city", "witness custodian-1")),
           ("name-none", "A witness named none.", POLICY.replace("city", "none").replace("none.example", "city.example")),
           ("name-upper-case", "A name that is no code.", POLICY.replace(" city", " City")),
           ("key-twice", "One key under two names.", POLICY.replace("group", "witness town %s\ngroup" % rename(WITNESS_VKEY["city"]))),
           ("comment", "A comment.", POLICY + "# end\n"), ("empty-line", "An empty line.", POLICY.replace("group", "\ngroup")),
           ("two-spaces", "Two spaces.", POLICY.replace("quorum ", "quorum  ")), ("no-final-lf", "No LF at the end.", POLICY[:-1]),
           ("cr", "CR LF.", POLICY.replace("\n", "\r\n")), ("not-ascii", "A name that is not ASCII.", POLICY.replace("two-of-three", "dwóch")),
           ("log-three-words", "A word after the log's key.", POLICY.replace(LOG_VKEY, LOG_VKEY + " x")),
           ("witness-url", "An address after a witness's key.", POLICY.replace(WITNESS_VKEY["city"], WITNESS_VKEY["city"] + " https://city.example.org/")),
           ("group-empty", "A group without members.", POLICY.replace("2 custodian-1 custodian-2 city", "1")),
           ("quorum-two", "Two names in the quorum line.", POLICY.replace("quorum two-of-three", "quorum two-of-three city")),
           ("unknown-line", "An unknown line.", POLICY.replace("quorum", "monitor city\nquorum"))]
    for name, about, text in bad:
        one(name, about, text, "city,custodian-1,custodian-2", None)


def rename(v):
    """The same key under another NAME."""
    return key_of("town.example.org", base64.b64decode(v.split("+", 2)[2]))
