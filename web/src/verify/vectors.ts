// Vectors (SPEC section 11): parse reads one, run gives the outcome that this verifier comes to.
import { hex, unhex, utf8, type Bytes } from "../bytes";
import { effective } from "./strata";
import { Breach, must } from "./breach";
import { LEAF, readList } from "./entrants";
import * as entry from "./entry";
import { parsePolicy } from "./policy";
import { compare, rank } from "./ranking";
import { parse as parseRecord } from "./records";
import { leafHash, Tree } from "./tree";
import { ofBytes } from "./source";
import { sha256 } from "./sha";
import { outcomeText } from "./steps";
import { verify } from "./verify";
import { dec, hash, hexOf } from "./values";

export interface Vector {
  name: string;
  kind: string;
  expect: string;
  given: { chain: string; round: number; signature: string }[];
  want: Map<string, string>;
  have: Map<string, string>;
  parts: [string, Uint8Array][];
}

export function parseVector(content: string): Vector {
  const end = content.indexOf("\n\n");
  must(content.startsWith("fairlot/v1 vector\n") && end > 0, "not a vector");
  const v: Vector = { name: "", kind: "", expect: "", given: [], want: new Map(), have: new Map(), parts: [] };
  for (const line of content.slice(0, end).split("\n").slice(1)) {
    const at = line.indexOf(": "), key = line.slice(0, at), value = line.slice(at + 2);
    const of = /^(want|have) ([a-z0-9-]+)$/.exec(key);
    if (of !== null) v[of[1] as "want" | "have"].set(of[2] as string, value);
    else if (key === "name" || key === "kind" || key === "expect") v[key] = value;
    else if (key === "round") v.given.push(givenRound(value));
    else must(key === "about" || key === "known", `an unknown key ${key}`);
  }
  for (const part of content.slice(end + 2).split(/^--- /m).slice(1)) {
    const [path, ...encoded] = part.split("\n") as [string, ...string[]];
    v.parts.push([path, unbase64(encoded.join(""))]);
  }
  return v;
}

export function givenRound(value: string): Vector["given"][0] {
  const [chain, round, signature] = value.split(" ") as [string, string, string];
  return { chain: hash(chain), round: dec(round ?? ""), signature: hexOf(signature ?? "", 96) };
}

// run gives the outcome in the words of `expect`, and the values that came out by the keys of `want`.
export function run(v: Vector): { outcome: string; came: Map<string, string>; breach: string } {
  const came = new Map<string, string>();
  if (v.kind === "bundle") {
    const o = verify(() => v.parts.map(([name, bytes]) => [name, ofBytes(bytes)]), { ordered: false, given: v.given });
    const put = (key: string, value: string | undefined) => value !== undefined && came.set(key, value);
    put("open-hash", o.openHash);
    for (const d of o.draws) {
      put(`draw-${d.draw}-root`, d.root);
      put(`draw-${d.draw}-seed`, d.seed);
      put(`draw-${d.draw}-ranking-hash`, d.rankingHash);
    }
    return { outcome: outcomeText(o), came, breach: o.breach ?? "" };
  }
  try {
    const unit = UNITS[v.kind];
    must(unit !== undefined, `an unknown kind ${v.kind}`);
    unit(v, came);
    return { outcome: "ok", came, breach: "" };
  } catch (e) {
    if (!(e instanceof Breach)) throw e;
    return { outcome: "fail", came, breach: e.message };
  }
}

// caseOf reads a case of spec/outcomes.py, one line of JSON: a vector without its expectations, or a whole archive.
export function caseOf(line: string): Vector {
  const c = JSON.parse(line) as { kind: string; parts: Record<string, string>; have: Record<string, string> | null; round: [string, number, string][] | null };
  return {
    name: "case", kind: c.kind, expect: "", want: new Map(), have: new Map(Object.entries(c.have ?? {})),
    given: (c.round ?? []).map(([chain, round, signature]) => ({ chain, round, signature })),
    parts: Object.entries(c.parts).map(([path, encoded]) => [path, unbase64(encoded)]),
  };
}

const unbase64 = (encoded: string): Uint8Array => Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));

const part = (v: Vector, path: string): Uint8Array => {
  const found = v.parts.find(([name]) => name === path);
  must(found !== undefined, `part ${path} is missing`);
  return found[1];
};

const have = (v: Vector, key: string): string => {
  const value = v.have.get(key);
  must(value !== undefined, `have ${key} is missing`);
  return value;
};

const UNITS: Record<string, (v: Vector, came: Map<string, string>) => void> = {
  record(v, came) {
    came.set("record-hash", parseRecord(part(v, "record")).hash);
  },
  entry(v, came) {
    const identity = part(v, "identity"), contact = part(v, "contact");
    entry.checkIdentityText(identity);
    entry.checkContactText(contact);
    const bytes = (key: string) => unhex(hash(have(v, key)), 32) as Bytes;
    const r = entry.rOf(bytes("s")), id = entry.idOf(bytes("open-hash"), r), ki = entry.identityKeyOf(r), kc = entry.contactKeyOf(r);
    const ci = entry.commitment(ki, identity), cc = entry.commitment(kc, contact), person = entry.personOf(ci, cc);
    const leaf = entry.leafOf(id, dec(have(v, "stratum"), 0, 65535), dec(have(v, "chances"), 0, 65535), person);
    for (const [key, value] of Object.entries({ r, id, ki, kc, ci, cc, person, leaf })) came.set(key, hex(value));
  },
  tree(v, came) {
    const leaves = part(v, "leaves"), tree = new Tree();
    must(leaves.length % LEAF === 0, "no multiple of 52 bytes");
    for (let at = 0; at < leaves.length; at += LEAF) tree.add(leafHash(leaves.subarray(at, at + LEAF)));
    came.set("root", hex(tree.root()));
  },
  ranking(v, came) {
    const open = parseRecord(part(v, "open")), leaves = part(v, "leaves"), source = ofBytes(leaves);
    must(open.kind === "open" && open.draws[0] !== undefined, "no open record with a draw");
    const rules = open.draws[0], seed = unhex(hash(have(v, "seed")), 32) as Bytes;
    must(dec(have(v, "batch")) === open.batch, "another batch than that of open");
    const list = readList(source, rules, open, null, new Set(), () => {});
    const lines = [...rank(source, seed, effective(rules, open.batch, list.ranked), () => {})];
    const file = utf8(lines.map((line) => `${line}\n`).join("")), ranking = hex(sha256(file));
    came.set("ranking-hash", compare(lines, ofBytes(file), { ranking, ranked: lines.length }));
    came.set("ranked", String(lines.length));
    came.set("audit", auditSample(leaves, seed, open.audit).join(","));
  },
  receipt(v, came) {
    came.set("id", entry.checkReceipt(part(v, "note"), have(v, "vkey")));
  },
  policy(v, came) {
    const names = have(v, "satisfied");
    came.set("result", parsePolicy(part(v, "policy")).satisfied(new Set(names === "-" ? [] : names.split(","))) ? "yes" : "no");
  },
};

// auditSample gives the ids of the sample in its order (SPEC section 5).
function auditSample(leaves: Uint8Array, seed: Uint8Array, size: number): string[] {
  const keys: string[] = [];
  for (let at = 0; at < leaves.length; at += LEAF) {
    const id = leaves.subarray(at, at + 16);
    if (leaves[at + 18] !== 0 || leaves[at + 19] !== 0) keys.push(`${hex(sha256("fairlot/v1 audit\n", seed, id))} ${hex(id)}`);
  }
  return keys.sort().slice(0, size).map((k) => k.split(" ")[1] as string);
}
