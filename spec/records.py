"""Plain texts, value types, records and witness policies (SPEC sections 1 to 3), written from the text alone."""

import base64
import binascii
import calendar
import datetime
import hashlib
import os
import re
import unicodedata

import ed25519

MAX_DEC = 2**53 - 1
UNICODE_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "draw", "unicode14.txt")
ZERO_REASONS = ["duplicate", "excluded", "erased", "erased-at-desk", "superseded", "won-earlier"]
REPLACE_REASONS = ["declined", "unreachable", "late", "ineligible", "erased"]
DRAW_PURPOSES = ["notice", "claim", "tax", "audit"]
CASE_PURPOSES = ["court", "breach", "person"]


class Bad(Exception):
    """A text breaks a rule of SPEC sections 1 to 4."""


def sha256(*parts):
    h = hashlib.sha256()
    for p in parts:
        h.update(p)
    return h.digest()


def need(condition, why):
    if not condition:
        raise Bad(why)


_ranges = []


def _permitted():
    if not _ranges:
        with open(UNICODE_FILE, encoding="ascii") as f:
            for line in f:
                line = line.split("#")[0].strip()
                if line:
                    lo, _, hi = line.partition("-")
                    _ranges.append((int(lo, 16), int(hi or lo, 16)))
        _ranges.sort()
    return _ranges


def permitted(ch):
    """Whether a character other than LF may stand in a plain text."""
    c, ranges = ord(ch), _permitted()
    lo, hi = 0, len(ranges)
    while lo < hi:
        mid = (lo + hi) // 2
        if ranges[mid][1] < c:
            lo = mid + 1
        else:
            hi = mid
    return lo < len(ranges) and ranges[lo][0] <= c <= ranges[lo][1]


def plain_lines(data, empty_lines=False):
    """The lines of a plain text (section 1), without their LF."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Bad("not UTF-8")
    need(text.endswith("\n"), "last line is not ended by LF")
    lines = text[:-1].split("\n")
    for i, line in enumerate(lines, 1):
        need(line or empty_lines, "line %d is empty" % i)
        need(not line.startswith(" ") and not line.endswith(" "), "line %d starts or ends with a space" % i)
        for ch in line:
            need(permitted(ch), "line %d holds U+%04X, which is not permitted" % (i, ord(ch)))
    need(unicodedata.normalize("NFC", text) == text, "not in Normalization Form C")
    return lines


# Value types. Each takes the text of a value and returns what it means, or raises Bad.

def dec(v, lo=0, hi=MAX_DEC):
    need(re.fullmatch(r"0|[1-9][0-9]{0,15}", v, re.ASCII), "%r is not a number in its one form" % v)
    n = int(v)
    need(lo <= n <= hi, "%d lies outside %d to %d" % (n, lo, hi))
    return n


def decs(lo, hi=MAX_DEC):
    return lambda v: dec(v, lo, hi)


def hexn(n):
    def parse(v):
        need(re.fullmatch(r"[0-9a-f]{%d}" % n, v), "not %d lower-case hex digits" % n)
        return v
    return parse


hash_ = hexn(64)


def code(v):
    need(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", v), "%r is not a code" % v)
    return v


def one_of(*names):
    def parse(v):
        need(v in names, "%r is none of %s" % (v, ", ".join(names)))
        return v
    return parse


def time_(v):
    """Unix seconds of an instant."""
    need(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", v, re.ASCII), "%r is not a time" % v)
    try:
        t = datetime.datetime.strptime(v, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        raise Bad("%r is no real instant" % v)
    need(t.year >= 2000 and v[17:19] < "60", "%r is out of range" % v)
    return calendar.timegm(t.timetuple())


def date(v, first_year=2000):
    need(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", v, re.ASCII), "%r is not a date" % v)
    try:
        d = datetime.date.fromisoformat(v)
    except ValueError:
        raise Bad("%r is no real day" % v)
    need(d.year >= first_year, "%r is out of range" % v)
    return v


def text(v):
    need(1 <= len(v.encode()) <= 200 and v.strip(" ") == v, "not 1 to 200 bytes without outer spaces")
    return v


def zone(v):
    need(re.fullmatch(r"[A-Za-z0-9_+/-]{1,64}", v), "not a zone name")
    return v


def key_name(v):
    need(re.fullmatch(r"[!-*,-~]{1,128}", v), "%r is not a key name" % v)
    return v


def recipient(v):
    need(re.fullmatch(r"age1[0-9a-z-]+", v) and len(v) <= 2100, "not a recipient")
    return v


def unbase64(v):
    """Bytes of a standard padded base64 text in its one encoding."""
    try:
        b = base64.b64decode(v.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise Bad("not base64")
    need(base64.b64encode(b).decode() == v, "not the one base64 form")
    return b


class Vkey:
    """A signed-note verifier key. Equal if the texts are equal."""

    def __init__(self, v, algorithm):
        parts = v.split("+", 2)
        need(len(parts) == 3, "%r is not a verifier key" % v)
        self.text, self.name = v, key_name(parts[0])
        hexn(8)(parts[1])
        k = unbase64(parts[2])
        need(len(k) == 33, "key is not 33 bytes")
        need(k[0] == algorithm, "key's algorithm is 0x%02x, not 0x%02x" % (k[0], algorithm))
        self.key, self.hash = k[1:], bytes.fromhex(parts[1])
        need(sha256(self.name.encode(), b"\n", k)[:4] == self.hash, "key hash is wrong")
        need(ed25519.allowed(self.key), "key is no point, not canonical, or of small order")


def vkey(algorithm):
    return lambda v: Vkey(v, algorithm)


class Lines:
    """Reads `key value` lines in order."""

    def __init__(self, lines):
        self.lines, self.at = lines, 0

    def peek(self):
        """The key of the next line, or None at the end."""
        return self.lines[self.at].split(" ", 1)[0] if self.at < len(self.lines) else None

    def take(self, key, parse):
        need(self.peek() == key, "line %r where %r is due%s" % (self.peek(), key, self.newer()))
        _, space, value = self.lines[self.at].partition(" ")
        need(space and value and not value.startswith(" "), "line %r is not one key, one space, one value" % key)
        self.at += 1
        try:
            return parse(value)
        except Bad as e:
            raise Bad("%s: %s" % (key, e))

    def maybe(self, key, parse):
        return self.take(key, parse) if self.peek() == key else None

    def many(self, key, parse):
        got = []
        while self.peek() == key:
            got.append(self.take(key, parse))
        return got

    def newer(self):
        return "" if self.peek() is None or self.peek() in KNOWN_KEYS else " (newer format)"

    def end(self):
        need(self.at == len(self.lines), "line %r is not expected here%s" % (self.peek(), self.newer()))


KNOWN_KEYS = set("""open draw campaign log receipt institution zone rules notice policy custodian threshold notifier proof
register chances batch entries-end objections-end excluded audit strata tier proportional alternates claim-days
earlier-winners vacated margin dead-days beacon round entrants zero day root reason close signature seed ranking ranked
stratum next purpose case count unproven what by old old-size old-root head""".split())


def words(*parsers):
    def parse(v):
        w = v.split(" ")
        need(len(w) == len(parsers), "not %d words" % len(parsers))
        return tuple(p(x) for p, x in zip(parsers, w))
    return parse


def numbered(rows, what):
    need([r[0] for r in rows] == list(range(1, len(rows) + 1)), "%s lines are not numbered 1, 2, …" % what)


def parse_record(data, index=None):
    """A record as a dict with `kind`, `hash` (hex) and its keys; index is its place in the log, if it has one."""
    need(1 <= len(data) <= 32768, "record of %d bytes" % len(data))
    lines = plain_lines(data)
    m = re.fullmatch(r"fairlot/v1 (\S+)", lines[0])
    need(m, "first line is not `fairlot/v1 KIND`" + (" (newer format)" if lines[0].startswith("fairlot/") else ""))
    kind = m.group(1)
    need(kind in PARSERS, "kind %r is unknown (newer format)" % kind)
    need(kind != "origin" or index in (None, 0), "origin is not entry 0")
    src, rec = Lines(lines[1:]), {"kind": kind, "hash": sha256(data).hex(), "draw": None}
    if kind not in ("open", "origin", "audit"):
        rec["open"] = src.take("open", hash_)
    if kind in ("amend", "close", "void", "result", "replace") or kind == "opened" and src.peek() == "draw":
        rec["draw"] = src.take("draw", decs(1, 99))
    PARSERS[kind](src, rec)
    src.end()
    return rec


def _open(s, r):
    r["campaign"] = s.take("campaign", hexn(32))
    r["log"] = s.take("log", vkey(1))
    r["receipt"] = s.take("receipt", vkey(1))
    need(r["receipt"].name == r["log"].name + "/receipt", "receipt key's name is not the origin and /receipt")
    r["institution"] = s.take("institution", text)
    r["zone"] = s.take("zone", zone)
    for k in ("rules", "notice", "policy"):
        r[k] = s.take(k, hash_)
    r["custodians"] = s.many("custodian", words(decs(1, 9), recipient, vkey(4)))
    numbered(r["custodians"], "custodian")
    n = len(r["custodians"])
    r["threshold"] = s.take("threshold", decs(1 if n else 0, n))
    r["notifiers"] = s.many("notifier", words(decs(1, 9), recipient))
    numbered(r["notifiers"], "notifier")
    r["proof"] = s.take("proof", one_of("token", "member", "code", "none"))
    r["register"] = s.maybe("register", decs(1, 10**9))
    r["chances"] = s.take("chances", decs(1, 1000))
    r["batch"] = s.take("batch", decs(1, 65535))
    r["entries-end"] = s.take("entries-end", time_)
    r["objections-end"] = s.take("objections-end", time_)
    need(r["objections-end"] >= r["entries-end"], "objections end before entries")
    r["excluded"] = s.maybe("excluded", words(dec, hash_))
    r["audit"] = s.take("audit", decs(0, 65535))
    r["draws"] = []
    while s.peek() == "draw":
        r["draws"].append(_group(s, len(r["draws"]) + 1))
    if r["draws"]:
        need(r["custodians"] and r["notifiers"], "draws without custodian or notifier")


def _group(s, n):
    d = {"draw": s.take("draw", decs(n, min(n, 99))), "tiers": {}, "proportional": None}
    d["strata"] = s.take("strata", decs(1, 1000))
    if s.peek() == "proportional":
        d["proportional"] = s.take("proportional", decs(1, 1000000))
    else:
        last = (0, 0)
        for st, tier, count in s.many("tier", words(dec, dec, decs(1, 1000000))):
            need((st, tier) in ((last[0], last[1] + 1), (last[0] + 1, 1)) and st >= 1, "tier lines out of order")
            last = (st, tier)
            d["tiers"].setdefault(st, []).append(count)
        need(last[0] == d["strata"], "tier lines do not cover the strata%s" % s.newer())
    d["alternates"] = s.take("alternates", decs(0, 1000000))
    d["claim-days"] = s.take("claim-days", decs(0, 3650))
    d["earlier-winners"] = s.take("earlier-winners", one_of("in", "out"))
    d["vacated"] = s.take("vacated", one_of("replace", "forfeit"))
    d["margin"] = s.take("margin", decs(1, 2592000))
    d["dead-days"] = s.take("dead-days", decs(1, 3650))
    d["beacon"] = s.take("beacon", words(hash_, one_of("bls-unchained-g1-rfc9380"), decs(1, 86400), dec, hexn(192)))
    d["round"] = s.take("round", decs(1, 2**40))
    return d


def _amend(s, r):
    r["round"] = s.take("round", decs(1, 2**40))


def _close(s, r):
    r["entrants"] = s.take("entrants", dec)
    r["zero"] = s.many("zero", words(one_of(*ZERO_REASONS), decs(1)))
    order = [ZERO_REASONS.index(z[0]) for z in r["zero"]]
    need(order == sorted(set(order)), "zero lines out of order")
    r["days"] = s.many("day", words(date, decs(1)))
    days = [d[0] for d in r["days"]]
    need(days == sorted(set(days)), "day lines out of order")
    r["root"] = s.take("root", hash_)


def _void(s, r):
    r["reason"] = s.take("reason", code)


def _result(s, r):
    r["close"] = s.take("close", hash_)
    r["signature"] = s.take("signature", hexn(96))
    r["seed"] = s.take("seed", hash_)
    r["ranking"] = s.take("ranking", hash_)
    r["ranked"] = s.take("ranked", dec)


def _replace(s, r):
    r["stratum"] = s.take("stratum", dec)
    r["vacated"] = s.take("vacated", dec)
    r["reason"] = s.take("reason", one_of(*REPLACE_REASONS))
    r["next"] = s.take("next", lambda v: None if v == "none" else decs(1)(v))


def _opened(s, r):
    r["purpose"] = s.take("purpose", one_of(*(DRAW_PURPOSES if r["draw"] else CASE_PURPOSES)))
    if not r["draw"]:
        r["case"] = s.take("case", hexn(32))
    r["count"] = s.take("count", decs(1))
    r["unproven"] = s.take("unproven", one_of("yes", "no"))


def _erased(s, r):
    r["what"] = s.many("what", code)
    need(r["what"] and r["what"] == sorted(set(r["what"])), "what lines missing or out of order%s" % s.newer())
    r["by"] = s.take("by", lambda v: need(re.fullmatch(r"operator|custodian-[1-9]", v), "%r stated by nobody" % v) or v)


def _origin(s, r):
    r["log"] = s.take("log", vkey(1))
    r["old"] = s.take("old", key_name)
    r["old-size"] = s.take("old-size", dec)
    r["old-root"] = s.take("old-root", hash_)


def _audit(s, r):
    r["day"] = s.take("day", date)
    r["count"] = s.take("count", decs(1))
    r["head"] = s.take("head", hash_)


PARSERS = {"open": _open, "amend": _amend, "close": _close, "void": _void, "result": _result, "replace": _replace,
           "opened": _opened, "erased": _erased, "origin": _origin, "audit": _audit}


def parse_rules(data):
    """The campaign (hex32) that a rules file names."""
    need(len(data) <= 1 << 20, "rules file over 1 MiB")
    lines = plain_lines(data)
    need(lines[0] == "fairlot/v1 rules" and len(lines) > 1, "no rules file")
    return Lines(lines[1:2]).take("campaign", hexn(32))


class Policy:
    """A witness policy: log and witnesses are Vkeys by name, groups name (K, members)."""

    def __init__(self, data):
        need(len(data) <= 65536, "policy over 64 KiB")
        try:
            t = data.decode("ascii")
        except UnicodeDecodeError:
            raise Bad("policy is not ASCII")
        need(t.endswith("\n"), "policy's last line is not ended by LF")
        rows = [line.split(" ") for line in t[:-1].split("\n")]
        order = ["log", "witness", "group", "quorum"]
        for row in rows:
            need(row[0] in order, "policy line %r is unknown" % row[0])
            need(all(row) and not any(c in w for w in row for c in "\r\t"), "policy line holds stray space")
        ranks = [order.index(row[0]) for row in rows]
        need(ranks == sorted(ranks) and ranks.count(0) == 1 and ranks.count(3) == 1, "policy lines out of order")
        self.witnesses, self.groups, keys, signers = {}, {}, set(), set()
        for row in rows:
            if row[0] == "log":
                need(len(row) == 2, "policy log line")
                self.log = Vkey(row[1], 1)
                keys.add(self.log.key)
                signers.add((self.log.name, self.log.hash))
            elif row[0] == "witness":
                need(len(row) == 3, "policy witness line")
                self._name(row[1])
                key = self.witnesses[row[1]] = Vkey(row[2], 4)
                need(key.key not in keys, "a key stands twice")
                need((key.name, key.hash) not in signers, "two keys have one name and one key hash")
                keys.add(key.key)
                signers.add((key.name, key.hash))
            elif row[0] == "group":
                need(len(row) >= 4, "policy group line")
                members = row[3:]
                need(len(set(members)) == len(members), "a member stands twice")
                need(all(m in self.witnesses or m in self.groups for m in members), "a member is unknown")
                self._name(row[1])
                self.groups[row[1]] = (dec(row[2], 1, len(members)), members)
            else:
                need(len(row) == 2, "policy quorum line")
                self.quorum = row[1]
                need(row[1] in self.witnesses or row[1] in self.groups or row[1] == "none", "quorum is unknown")

    def _name(self, n):
        code(n)
        need(n != "none" and n not in self.witnesses and n not in self.groups, "name %r is taken" % n)

    def satisfied(self, names):
        """Whether a set of witness names satisfies the policy; never with quorum none."""
        done = set(names) & set(self.witnesses)
        for g, (k, members) in self.groups.items():  # members precede their group
            if sum(m in done for m in members) >= k:
                done.add(g)
        return self.quorum in done
