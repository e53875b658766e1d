// The files of a bundle by their names (SPEC section 8): step 1 of section 9, but for the files of draw/, which only the log
// calls for.
import { Breach, must } from "./breach";
import type { Source } from "./source";

export interface DrawFiles { entrants?: Source; ranking?: Source }

export interface Bundle {
  log: Source;
  checkpoints: { size: number; file: Source }[]; // ascending size
  files: { hash: string; file: Source }[]; // ascending hash
  draws: Map<number, DrawFiles>;
}

const MAX_CHECKPOINT = 65536, MAX_FILE = 2 ** 20;

// bundleOf sorts members by name. ordered: they come from an archive, which has one order.
export function bundleOf(members: [string, Source][], ordered: boolean): Bundle {
  let log: Source | undefined;
  const b: Omit<Bundle, "log"> = { checkpoints: [], files: [], draws: new Map() };
  const seen = new Set<string>();
  let last = "";
  const place = (name: string, file: Source): string => {
    if (name === "log.bin") {
      log = file;
      return "0";
    }
    const checkpoint = /^checkpoints\/(0|[1-9][0-9]{0,15})$/.exec(name);
    if (checkpoint !== null && Number.isSafeInteger(Number(checkpoint[1]))) {
      limit(name, file, MAX_CHECKPOINT);
      b.checkpoints.push({ size: Number(checkpoint[1]), file });
      return `1 ${(checkpoint[1] as string).padStart(16, "0")}`;
    }
    const hash = /^files\/([0-9a-f]{64})$/.exec(name);
    if (hash !== null) {
      limit(name, file, MAX_FILE);
      b.files.push({ hash: hash[1] as string, file });
      return `2 ${hash[1]}`;
    }
    const draw = /^draw\/([1-9][0-9]?)\/(entrants\.bin|ranking\.txt)$/.exec(name);
    if (draw === null) throw new Breach(`${name} does not belong in a bundle`);
    const n = Number(draw[1]), files = b.draws.get(n) ?? {};
    files[draw[2] === "entrants.bin" ? "entrants" : "ranking"] = file;
    b.draws.set(n, files);
    return `3 ${String(n).padStart(2, "0")} ${draw[2]}`;
  };
  for (const [name, file] of members) {
    must(!seen.has(name), `${name} stands twice`);
    seen.add(name);
    const at = place(name, file);
    must(!ordered || last < at, `${name} is out of order`);
    last = at;
  }
  must(log !== undefined, "log.bin is missing");
  must(b.checkpoints.length > 0, "there is no checkpoint");
  must(b.files.length >= 1 && b.files.length <= 3, `${b.files.length} files in files/ instead of 1 to 3`);
  b.checkpoints.sort((x, y) => x.size - y.size);
  b.files.sort((x, y) => (x.hash < y.hash ? -1 : 1));
  return { log, ...b };
}

function limit(name: string, file: Source, most: number): void {
  must(file.size <= most, `${name} has ${file.size} bytes, more than ${most}`);
}
