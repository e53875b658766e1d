"""Lists of keys, challenges' secrets and key statements (docs/FORMATS.md, Key statements), written from that page alone.

python3 spec/statements.py --vectors writes crypto/custody/testdata/statements.txt: what a program must come to. python3 spec/statements.py LIST STATEMENT
checks a custodian's statement, but for the answer, which only whoever has the log's key can check."""

import base64
import hashlib
import hmac
import os
import sys

import ed25519

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILE = os.path.join(ROOT, "crypto", "custody", "testdata", "statements.txt")
RECIPIENTS = ("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", "age1kfgdev6dk4mgqtp7348v2s80vxezpfr5ja88x5tlurf5ewlx3yrsjn8yfr",
              "age18uysjsdqvrgt7q6kwtcy9xjkz50qccnqwr0slhv95md2ju2fyqlq6mrm3z")  # somebody's: their keys are not needed
COSIGNER = 4  # the algorithm of a key of cosignatures


def vkey(name, seed, algorithm):
    key = bytes([algorithm]) + ed25519.public(seed)
    return "%s+%s+%s" % (name, hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex(), base64.b64encode(key).decode())


def keys(campaign, log, threshold, custodians, notifiers):
    lines = ["fairlot/v1 keys", "campaign " + campaign.hex(), "log " + log, "threshold %d %d" % (threshold, len(custodians))]
    lines += ["custodian %s %s" % c for c in custodians] + ["notifier " + n for n in notifiers]
    return "\n".join(lines) + "\n"


def secret(log_seed, hash_, recipient):
    return hashlib.sha256(ed25519.sign(log_seed, b"fairlot/v1 key challenge\nkeys %s\nrecipient %s\n" % (hash_.encode(), recipient.encode()))).digest()


def statement(hash_, recipient, secret_, seed=None):
    text = "fairlot/v1 key statement\nkeys %s\nrecipient %s\n" % (hash_, recipient)
    text += "answer %s\n" % hmac.digest(secret_, text.encode(), "sha256").hex()
    if seed is not None:
        text += "signature %s\n" % base64.b64encode(ed25519.sign(seed, text.encode())).decode()
    return text


def check(list_, text):
    """Why the statement is no custodian's of the list, or None."""
    lines = text.split("\n")
    if len(lines) != 6 or lines[0] != "fairlot/v1 key statement" or lines[5] or not lines[4].startswith("signature "):
        return "not a custodian's statement"
    if lines[1] != "keys " + hashlib.sha256(list_.encode()).hexdigest():
        return "it is about another list"
    for holder in list_.split("\n"):
        word, _, rest = holder.partition(" ")
        recipient, _, key = rest.partition(" ")
        if word == "custodian" and lines[2] == "recipient " + recipient:
            signed = "\n".join(lines[:4]) + "\n"
            good = ed25519.verify(base64.b64decode(key.split("+", 2)[2])[1:], signed.encode(), base64.b64decode(lines[4][10:]))
            return None if good else "the signature is not by this custodian's cosigning key"
    return "the recipient is no custodian of the list"


def file():
    def some(word, n=32):
        return hashlib.sha256(word.encode()).digest()[:n]
    log, seeds = some("log"), [some("custodian %d" % i) for i in (1, 2)]
    cosigners = [vkey("custodian-%d.example.org" % i, s, COSIGNER) for i, s in enumerate(seeds, 1)]
    list_ = keys(some("campaign", 16), vkey("example.org/draws", log, 1), 2, list(zip(RECIPIENTS, cosigners)), RECIPIENTS[2:])
    hash_ = hashlib.sha256(list_.encode()).hexdigest()
    out = []
    for recipient, seed in zip(RECIPIENTS, seeds + [None]):
        secret_ = secret(log, hash_, recipient)
        out.append("log %s\nlist %s\nkeys %s\nsecret %s\nstatement %s\n" % (
            log.hex(), list_.encode().hex(), hash_, secret_.hex(), statement(hash_, recipient, secret_, seed).encode().hex()))
    return "\n".join(out)


def main(args):
    if args == ["--vectors"]:
        with open(FILE, "w", encoding="utf-8") as f:
            f.write(file())
        return 0
    if len(args) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    texts = []
    for path in args:
        with open(path, encoding="utf-8", newline="") as f:
            texts.append(f.read())
    why = check(*texts)
    print(why or "ok, but for the answer")
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
