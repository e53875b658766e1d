// SHA-256, synchronous. WebCrypto's answers come one promise a hash and it cannot go on with more bytes, so both kinds of
// hashing here rest on @noble/hashes: whole and growing texts directly, the four short blocks of each entrant through Short.
import { sha256 as hash, _SHA256 } from "@noble/hashes/sha2.js";
import { utf8, type Bytes } from "../bytes";

export const sha256 = (...parts: (Uint8Array | string)[]): Bytes => {
  const h = hash.create();
  for (const p of parts) h.update(typeof p === "string" ? utf8(p) : p);
  return h.digest() as Bytes;
};

export const growing = () => hash.create();

// copy is set(subarray()) without the object between, for the few bytes of each entrant.
export function copy(from: Uint8Array, at: number, to: Uint8Array, toAt: number, n: number): void {
  for (let i = 0; i < n; i++) to[toAt + i] = from[at + i] as number;
}

const IV = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19] as const;

// Short hashes messages of one length, at most 119 bytes, over and over: the message stands in `message`, its padding is
// written once, and the library's compression runs on it without an allocation a hash.
export class Short extends _SHA256 {
  readonly message: Uint8Array;
  private readonly block: DataView;
  private readonly second: boolean;

  constructor(length: number) {
    super();
    const blocks = new Uint8Array(length > 55 ? 128 : 64);
    blocks[length] = 0x80;
    this.message = blocks.subarray(0, length);
    this.block = new DataView(blocks.buffer);
    this.block.setUint16(blocks.length - 2, 8 * length);
    this.second = blocks.length > 64;
  }

  // into writes the hash of the message at an offset of out.
  into(out: DataView, at: number): void {
    this.set(IV[0], IV[1], IV[2], IV[3], IV[4], IV[5], IV[6], IV[7]);
    this.process(this.block, 0);
    if (this.second) this.process(this.block, 64);
    out.setInt32(at, this.A);
    out.setInt32(at + 4, this.B);
    out.setInt32(at + 8, this.C);
    out.setInt32(at + 12, this.D);
    out.setInt32(at + 16, this.E);
    out.setInt32(at + 20, this.F);
    out.setInt32(at + 24, this.G);
    out.setInt32(at + 28, this.H);
  }
}
