// Ed25519 as SPEC sections 1 and 6 have it. @noble/curves' own verify multiplies by the cofactor, so only its arithmetic is used.
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { join, same } from "../bytes";

const { Point } = ed25519;
const base = Point.fromAffine(Point.BASE.toAffine()); // without the tables of BASE, which pay for a hundred signatures only

function little(bytes: Uint8Array): bigint {
  let n = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) n = (n << 8n) | BigInt(bytes[i] as number);
  return n;
}

// isKey says whether 32 bytes are the canonical encoding of a point whose order does not divide 8.
export function isKey(bytes: Uint8Array): boolean {
  try {
    return !Point.fromBytes(bytes, false).isSmallOrder();
  } catch {
    return false;
  }
}

// verify checks a signature of 64 bytes by a key that isKey has passed: S below the order, and S·B − k·A is R byte for byte.
export function verify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const r = signature.subarray(0, 32), s = little(signature.subarray(32));
  const order = Point.Fn.ORDER;
  if (signature.length !== 64 || s >= order) return false;
  const k = little(sha512(join(r, key, message))) % order;
  const sB = base.multiplyUnsafe(s);
  const kA = Point.fromBytes(key, false).multiplyUnsafe(k);
  return same(sB.subtract(kA).toBytes(), r);
}
