// The Merkle tree of RFC 6962, section 2.1, as leaves come.
import { copy, sha256, Short } from "./sha";

const inner = new Short(65);
inner.message[0] = 1;

const leafHead = new Uint8Array([0]);
export const leafHash = (leaf: Uint8Array): Uint8Array => sha256(leafHead, leaf);

export class Tree {
  // The roots of the full trees that the leaves so far make up, the largest first: 53 are more than any list has.
  private readonly roots = new Uint8Array(32 * 54);
  private readonly view = new DataView(this.roots.buffer);
  private top = 0; // how many
  size = 0;

  // add appends a leaf's hash.
  add(hash: Uint8Array): void {
    copy(hash, 0, this.roots, 32 * this.top++, 32);
    for (let n = this.size++; n % 2 === 1; n = Math.floor(n / 2)) {
      this.top--;
      copy(this.roots, 32 * (this.top - 1), inner.message, 1, 64);
      inner.into(this.view, 32 * (this.top - 1));
    }
  }

  root(): Uint8Array {
    if (this.size === 0) return sha256();
    const root = this.roots.slice(32 * (this.top - 1), 32 * this.top);
    for (let i = this.top - 2; i >= 0; i--) {
      inner.message.set(this.roots.subarray(32 * i, 32 * i + 32), 1);
      inner.message.set(root, 33);
      inner.into(new DataView(root.buffer), 0);
    }
    return root;
  }
}
