"""Ed25519 signing and verifying after RFC 8032, section 5.1, in plain integers.

Slow and not constant in time: for checking published signatures and for making test keys, never for real keys.
Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, x·y = T/Z.
"""

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
ZERO = (0, 1, 1, 0)


def _add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _double(p):
    a, b, c = p[0] * p[0] % P, p[1] * p[1] % P, 2 * p[2] * p[2] % P
    h = a + b
    e = h - (p[0] + p[1]) * (p[0] + p[1]) % P
    g = a - b
    f = c + g
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _mul(n, p):
    q = ZERO
    for bit in bin(n)[2:]:
        q = _double(q)
        if bit == "1":
            q = _add(q, p)
    return q


def _recover_x(y, sign):
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT % P
    if (x * x - x2) % P:
        return None
    return P - x if x & 1 != sign else x


def _decode(b):
    y = int.from_bytes(b, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x = _recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def _encode(p):
    inv = pow(p[2], P - 2, P)
    x, y = p[0] * inv % P, p[1] * inv % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_GY = 4 * pow(5, P - 2, P) % P
_GX = _recover_x(_GY, 0)
_POWERS = [(_GX, _GY, 1, _GX * _GY % P)]
for _ in range(255):
    _POWERS.append(_double(_POWERS[-1]))


def _mul_base(n):
    q = ZERO
    for i in range(n.bit_length()):
        if n >> i & 1:
            q = _add(q, _POWERS[i])
    return q


def _expand(seed):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & (1 << 254) - 8 | 1 << 254
    return a, h[32:]


def _hash(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def public(seed):
    """The 32-byte public key of a 32-byte seed."""
    return _encode(_mul_base(_expand(seed)[0]))


def sign(seed, message):
    """The 64-byte signature of message under a 32-byte seed."""
    a, prefix = _expand(seed)
    pub = _encode(_mul_base(a))
    r = _hash(prefix, message) % L
    rb = _encode(_mul_base(r))
    s = (r + _hash(rb, pub, message) * a) % L
    return rb + s.to_bytes(32, "little")


def allowed(pub):
    """Whether pub encodes, canonically, a point of the curve whose order does not divide 8 (SPEC section 1)."""
    p = _decode(pub)
    return p is not None and _encode(_double(_double(_double(p)))) != _encode(ZERO)


def verify(pub, message, signature):
    """Whether a 64-byte signature of message under the 32-byte key pub holds."""
    if len(pub) != 32 or len(signature) != 64:
        return False
    a = _decode(pub)
    s = int.from_bytes(signature[32:], "little")
    if a is None or s >= L:
        return False
    k = _hash(signature[:32], pub, message) % L
    minus_a = (P - a[0], a[1], a[2], P - a[3])
    return _encode(_add(_mul_base(s), _mul(k, minus_a))) == signature[:32]
