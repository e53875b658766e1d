// The log: its records (step 2), its checkpoints and their cosignatures (step 4). SPEC section 6.
import { hex, join, unbase64, utf8, type Bytes } from "../bytes";
import type { Bundle } from "./bundle";
import { Breach, must } from "./breach";
import { isBy, parseNote, type Signature } from "./note";
import type { Policy } from "./policy";
import { parse, type Logged, type Open } from "./records";
import type { Source } from "./source";
import { leafHash, Tree } from "./tree";
import { dec } from "./values";
import { verify } from "./ed25519";

export interface Log {
  records: Logged[];
  roots: Map<number, Bytes>; // by size, for the sizes asked for
}

// readLog checks every record. sizes: of which trees the roots are wanted.
export function readLog(file: Source, sizes: ReadonlySet<number>): Log {
  const tree = new Tree(), records: Logged[] = [], roots = new Map<number, Bytes>();
  const mark = () => {
    if (sizes.has(tree.size)) roots.set(tree.size, tree.root() as Bytes);
  };
  mark();
  for (let at = 0; at < file.size; ) {
    const index = records.length;
    must(at + 2 <= file.size, `entry ${index}: log.bin ends within a length`);
    const [high, low] = file.read(at, 2) as unknown as [number, number];
    const length = 256 * high + low;
    must(at + 2 + length <= file.size, `entry ${index}: log.bin ends within a record`);
    const record = file.read(at + 2, length);
    try {
      const r = parse(record);
      must(r.kind !== "origin" || index === 0, "an origin record that is not entry 0");
      records.push(r);
    } catch (e) {
      if (e instanceof Breach) e.message = `entry ${index}: ${e.message}`;
      throw e;
    }
    tree.add(leafHash(record));
    mark();
    at += 2 + length;
  }
  return { records, roots };
}

export interface Cosigned { size: number; witness: string; time: bigint }

// readCheckpoints is step 4; it gives the cosignatures of the policy's witnesses.
export function readCheckpoints(checkpoints: Bundle["checkpoints"], log: Log, open: Open, policy: Policy): Cosigned[] {
  const cosigned: Cosigned[] = [];
  for (const { size, file } of checkpoints) {
    try {
      cosigned.push(...readCheckpoint(file.read(0, file.size), size, log, open, policy));
    } catch (e) {
      if (e instanceof Breach) e.message = `checkpoint ${size}: ${e.message}`;
      throw e;
    }
  }
  must(checkpoints.some((c) => c.size === log.records.length), "no checkpoint covers the whole log");
  return cosigned;
}

function readCheckpoint(file: Uint8Array, size: number, log: Log, open: Open, policy: Policy): Cosigned[] {
  const note = parseNote(file);
  must(note.signatures.length <= 100, "more than 100 signatures");
  const lines = note.text.slice(0, -1).split("\n");
  must(lines.length === 3, "its text is not three lines");
  const [origin, stated, encoded] = lines as [string, string, string];
  must(origin === open.log.name, "the origin is another");
  must(dec(stated) === size, "its size is not its name");
  const root = unbase64(encoded);
  must(root !== null && root.length === 32, "its root is not 32 bytes in base64");
  must(log.roots.has(size), "it covers more records than there are");
  must(hex(root) === hex(log.roots.get(size) as Bytes), "its root is not that of the log");
  const text = utf8(note.text), cosigned: Cosigned[] = [];
  let signed = false;
  for (const s of note.signatures) {
    if (isBy(s, open.log)) {
      must(verify(open.log.key, text, s.bytes), "the log's signature does not verify");
      signed = true;
      continue;
    }
    const by = policy.witnesses.find((w) => isBy(s, w.key));
    if (by !== undefined) cosigned.push({ size, witness: by.name, time: cosignature(s, by.key.key, text, by.name) });
  }
  must(signed, "the log did not sign it");
  return cosigned;
}

// cosignature checks a C2SP cosignature/v1 and gives its time.
function cosignature(s: Signature, key: Uint8Array, text: Uint8Array, name: string): bigint {
  must(s.bytes.length === 72, `the cosignature of ${name} is not 76 bytes`);
  const time = new DataView(s.bytes.buffer, s.bytes.byteOffset).getBigUint64(0);
  must(verify(key, join(utf8(`cosignature/v1\ntime ${time}\n`), text), s.bytes.subarray(8)), `the cosignature of ${name} does not verify`);
  return time;
}
