// A campaign's bundle (SPEC section 8) as far as one entrant looks themselves up: entrants.bin and ranking.txt of each draw.
// Whether list and draw are right is for `fairlot verify`.

import { type Bytes, hex } from "./bytes";

const leafSize = 52; // id[16] ‖ u16 stratum ‖ u16 chances ‖ person[32]

export interface Listed {
  draw: number;
  listed: boolean;
  chances: number;
  person: string;
  drawn: boolean;
  rank: string; // "" if not ranked among seats and alternates
  seat: string; // tier number or "alt"
}

// members reads the regular files of a ustar archive; it throws if the archive is cut off.
export function members(tar: Bytes): Map<string, Bytes> {
  const out = new Map<string, Bytes>();
  const text = (from: number, n: number) => {
    const b = tar.subarray(from, from + n);
    const end = b.indexOf(0);
    return new TextDecoder().decode(end < 0 ? b : b.subarray(0, end));
  };
  for (let at = 0; ; ) {
    if (at + 512 > tar.length) throw new Error("bundle is cut off");
    if (tar[at] === 0) return out;
    const prefix = text(at + 345, 155);
    const name = (prefix ? `${prefix}/` : "") + text(at, 100);
    const size = parseInt(text(at + 124, 12).trim() || "0", 8);
    if (!(size >= 0) || at + 512 + size > tar.length) throw new Error("bundle is cut off");
    out.set(name, tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

// lookUp finds an id in every entry list of the bundle.
export function lookUp(tar: Bytes, id: string): Listed[] {
  const files = members(tar);
  const out: Listed[] = [];
  for (const [name, list] of files) {
    const m = /^draw\/(\d+)\/entrants\.bin$/.exec(name);
    if (!m) continue;
    const leaf = find(list, id);
    const ranking = files.get(`draw/${m[1]}/ranking.txt`);
    const line = ranking && new TextDecoder().decode(ranking).split("\n").map((l) => l.split(" ")).find((l) => l[2] === id);
    const view = leaf && new DataView(leaf.buffer, leaf.byteOffset, leafSize);
    out.push({
      draw: Number(m[1]), listed: leaf !== null, chances: view ? view.getUint16(18) : 0, person: leaf ? hex(leaf.subarray(20)) : "",
      drawn: ranking !== undefined, rank: line?.[1] ?? "", seat: line?.[4] ?? "",
    });
  }
  return out.sort((a, b) => a.draw - b.draw);
}

// find searches the ascending list by halves.
function find(list: Bytes, id: string): Bytes | null {
  let low = 0;
  let high = Math.floor(list.length / leafSize);
  while (low < high) {
    const mid = (low + high) >> 1;
    const leaf = list.subarray(mid * leafSize, (mid + 1) * leafSize);
    const at = hex(leaf.subarray(0, 16));
    if (at === id) return leaf;
    if (at < id) low = mid + 1;
    else high = mid;
  }
  return null;
}
