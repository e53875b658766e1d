// Best keeps the smallest of many 48-byte keys, score ‖ id, so that only seats and alternates are in memory.
const KEY = 48;

export class Best {
  private readonly keys: Uint8Array;
  private readonly heap: Int32Array; // the largest kept key on top
  private kept = 0;

  constructor(private readonly most: number) {
    this.keys = new Uint8Array(KEY * most);
    this.heap = new Int32Array(most);
  }

  // offer takes the score at the beginning of an array and the id at an offset of another.
  offer(score: Uint8Array, from: Uint8Array, at: number): void {
    if (this.kept < this.most) {
      this.put(this.kept, score, from, at);
      let i = this.kept++;
      this.heap[i] = i;
      for (let up = (i - 1) >> 1; i > 0 && this.isAbove(i, up); i = up, up = (i - 1) >> 1) this.swap(i, up);
      return;
    }
    if (this.most === 0 || !this.isBetter(score, from, at)) return;
    this.put(this.heap[0] as number, score, from, at);
    this.sink(0, this.kept);
  }

  // sorted gives the keys ascending, and ends the taking.
  *sorted(): Generator<Uint8Array> {
    for (let n = this.kept; n > 1; n--) {
      this.swap(0, n - 1);
      this.sink(0, n - 1);
    }
    for (let i = 0; i < this.kept; i++) yield this.key(this.heap[i] as number);
  }

  private key(slot: number): Uint8Array {
    return this.keys.subarray(KEY * slot, KEY * slot + KEY);
  }

  private put(slot: number, score: Uint8Array, from: Uint8Array, at: number): void {
    this.keys.set(score, KEY * slot);
    for (let i = 0; i < 16; i++) this.keys[KEY * slot + 32 + i] = from[at + i] as number;
  }

  private isBetter(score: Uint8Array, from: Uint8Array, at: number): boolean {
    const top = KEY * (this.heap[0] as number);
    for (let i = 0; i < KEY; i++) {
      const d = (i < 32 ? (score[i] as number) : (from[at + i - 32] as number)) - (this.keys[top + i] as number);
      if (d !== 0) return d < 0;
    }
    return false;
  }

  private isAbove(i: number, j: number): boolean {
    const a = KEY * (this.heap[i] as number), b = KEY * (this.heap[j] as number);
    for (let k = 0; k < KEY; k++) {
      const d = (this.keys[a + k] as number) - (this.keys[b + k] as number);
      if (d !== 0) return d > 0;
    }
    return false;
  }

  private swap(i: number, j: number): void {
    const at = this.heap[i] as number;
    this.heap[i] = this.heap[j] as number;
    this.heap[j] = at;
  }

  private sink(i: number, n: number): void {
    for (;;) {
      let down = 2 * i + 1;
      if (down >= n) return;
      if (down + 1 < n && this.isAbove(down + 1, down)) down++;
      if (!this.isAbove(down, i)) return;
      this.swap(i, down);
      i = down;
    }
  }
}
