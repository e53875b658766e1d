// A campaign's bundle (SPEC section 8) as far as one entrant looks themselves up: entrants.bin and ranking.txt of each draw.
// Whether list and draw are right is for the verifiers.

import { type Bytes, hex } from "./bytes";
import { ofBytes } from "./verify/source";
import { members } from "./verify/tar";

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

// lookUp finds an id in every entry list of the bundle.
export function lookUp(tar: Bytes, id: string): Listed[] {
  const files = new Map(members(ofBytes(tar)).map(([name, file]) => [name, file.read(0, file.size) as Bytes]));
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
