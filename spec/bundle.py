"""Reads a bundle, a folder or a ustar archive, as an ordered dict of file name to bytes (SPEC section 8)."""

import os
import re

from records import Bad, need

HOW = "give the .tar as the campaign's page gives it, not compressed, or the folder of its files"
MAX_FILE = {"checkpoints": 65536, "files": 1 << 20}


def read(path):
    """The files of the bundle at path; Bad if they break step 1, OSError if it cannot be read or is no bundle at all."""
    if os.path.isfile(path):
        with open(path, "rb") as f:
            if f.read(262)[257:] != b"ustar":
                raise FileNotFoundError("no bundle: %s does not begin as an archive of the kind ustar: %s" % (path, HOW))
            files = read_tar(f)
    else:
        if not os.path.exists(os.path.join(path, "log.bin")):
            raise FileNotFoundError("no bundle: there is no %s/log.bin: %s" % (path, HOW))
        files = read_folder(path)
    check(files)
    return files


def read_folder(path):
    files = {}
    if not os.path.isdir(path):
        raise FileNotFoundError("no bundle at " + path)
    for top, dirs, names in os.walk(path):
        for n in dirs:
            need(not os.path.islink(os.path.join(top, n)), "%s is a symbolic link" % n)
        for n in names:
            full = os.path.join(top, n)
            need(os.path.isfile(full) and not os.path.islink(full), "%s is no regular file" % n)
            with open(full, "rb") as f:
                files[os.path.relpath(full, path).replace(os.sep, "/")] = f.read()
    return files


def read_tar(f):
    """The files of an archive in an open binary file, header by header: two programs must never see two archives in one."""
    files, last = {}, ()
    end = f.seek(0, os.SEEK_END)
    f.seek(0)
    while True:
        head = f.read(512)
        need(len(head) == 512, "archive ends in the middle")
        if head == bytes(512):
            break
        need(head[257:265] == b"ustar\x0000" and head[156:157] == b"0", "archive holds another thing than regular members")
        need(octal(head[148:156]) == sum(head) - sum(head[148:156]) + 8 * 32, "archive header's sum is wrong")
        name = head[:100].rstrip(b"\0").decode("utf-8", "replace")
        need(head[345:500] == bytes(155), "archive member's name is split")
        size = octal(head[124:136])
        padding = -size % 512
        need(size + padding <= end - f.tell(), "archive ends in the middle of %s" % name)
        body = f.read(size)
        need(f.read(padding) == bytes(padding), "%s is not padded with zeros" % name)
        need(name not in files and order(name) > last, "%s is not in order" % name)
        last, files[name] = order(name), body
    rest = f.read()
    need(len(rest) >= 512 and not rest.strip(b"\0"), "archive does not end with two zero blocks")
    return files


def octal(field):
    """Octal digits, then NULs or spaces to the end of the field, at least one of each."""
    m = re.fullmatch(rb"([0-7]+)[\0 ]+", field)
    need(m, "archive header's number %r is malformed" % field)
    return int(m.group(1), 8)


def order(name):
    """A sort key: the place of a file in an archive; Bad if no bundle holds such a file."""
    if name == "log.bin":
        return (0,)
    m = re.fullmatch(r"checkpoints/(0|[1-9][0-9]{0,15})", name)
    if m:
        need(int(m.group(1)) < 1 << 53, "%s is over the limit of a dec" % name)
        return (1, int(m.group(1)))
    if re.fullmatch(r"files/[0-9a-f]{64}", name):
        return (2, name)
    m = re.fullmatch(r"draw/([1-9][0-9]?)/(entrants\.bin|ranking\.txt)", name)
    if m:
        return (3, int(m.group(1)), m.group(2))
    raise Bad("%s does not belong here" % name)


def check(files):
    """Step 1 as far as names and sizes tell."""
    for name, body in files.items():
        order(name)
        need(len(body) <= MAX_FILE.get(name.split("/")[0], 1 << 62), "%s is over its limit" % name)
    need("log.bin" in files, "log.bin is missing")
    need(any(n.startswith("checkpoints/") for n in files), "checkpoints/ is empty")
    need(1 <= sum(n.startswith("files/") for n in files) <= 3, "files/ does not hold three files or fewer")
