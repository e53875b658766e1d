// The beacon (SPEC section 9): drand's scheme bls-unchained-g1-rfc9380, and the pinned chain quicknet.
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { same, unhex } from "../bytes";
import type { Beacon } from "./records";
import { sha256 } from "./sha";

const { G1, G2, fields: { Fp12 } } = bls12_381;
const generator = G2.Point.fromAffine(G2.Point.BASE.toAffine()); // BASE makes tables for thousands of multiplications before the first

export const QUICKNET: Beacon = {
  chain: "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
  period: 3,
  genesis: 1692803367,
  key: "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451" +
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
};

// timeOf is time(R) in Unix seconds; it may be above 2^53.
export const timeOf = (b: Beacon, round: number): bigint => BigInt(b.genesis) + (BigInt(round) - 1n) * BigInt(b.period);

export interface GivenRound { chain: string; round: number; signature: string }

// signedRound checks a round's signature, both in hex: 96 digits the signature, 192 the key.
export function signedRound(key: string, round: number, signature: string): boolean {
  const asked = `${key} ${round} ${signature}`;
  if (asked !== last.asked) last = { asked, holds: check(key, round, signature) };
  return last.holds;
}

// A pairing takes as long as ten thousand hashes, and a round is asked for twice where a void draw is doubted.
let last = { asked: "", holds: false };

function check(key: string, round: number, signature: string): boolean {
  const k = unhex(key, 96), s = unhex(signature, 48);
  if (k === null || s === null) return false;
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, BigInt(round));
  try {
    const signer = G2.Point.fromBytes(k), signed = G1.Point.fromBytes(s);
    signer.assertValidity();
    signed.assertValidity(); // on the curve and in the group of prime order
    if (signer.is0() || signed.is0() || !same(signer.toBytes(true), k) || !same(signed.toBytes(true), s)) return false;
    const message = bls12_381.shortSignatures.hash(sha256(number), "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_");
    return Fp12.eql(bls12_381.pairingBatch([{ g1: message, g2: signer.negate() }, { g1: signed, g2: generator }]), Fp12.ONE); // e(H, key) = e(signature, generator)
  } catch {
    return false; // no point at all
  }
}
