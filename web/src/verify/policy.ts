// Witness policies (SPEC section 3).
import { hex } from "../bytes";
import { Breach, must } from "./breach";
import { words } from "./fields";
import { decode } from "./text";
import { code, dec, LOG, vkey, WITNESS, type VKey } from "./values";

export interface Policy {
  log: VKey;
  witnesses: { name: string; key: VKey }[];
  // satisfied says whether the quorum is, if these witnesses (by name) have cosigned.
  satisfied(by: ReadonlySet<string>): boolean;
}

export function parsePolicy(bytes: Uint8Array): Policy {
  must(bytes.length <= 65536, "a witness policy of more than 65,536 bytes");
  const text = decode(bytes);
  must(/^([\x20-\x7e]+\n)+$/.test(text), "a witness policy that is not lines of ASCII");
  const lines = text.slice(0, -1).split("\n");
  const witnesses: Policy["witnesses"] = [];
  const groups = new Map<string, { k: number; members: string[] }>();
  const names = new Set<string>(["none"]), keys = new Set<string>();
  const known = (name: string) => names.has(name) && name !== "none";
  const named = (name: string) => {
    must(!names.has(code(name)), `the name ${name} stands twice or is none`);
    names.add(name);
  };
  const keyed = (s: string, algorithm: number): VKey => {
    const key = vkey(s, algorithm);
    for (const id of [hex(key.key), `${key.name} ${key.hash}`]) {
      must(!keys.has(id), "two keys are one, or have one name and one key hash");
      keys.add(id);
    }
    return key;
  };
  const rest = (line: string | undefined, key: string): string => {
    if (line === undefined || !line.startsWith(`${key} `)) throw new Breach(`a witness policy without its ${key} line`);
    return line.slice(key.length + 1);
  };
  const log = keyed(rest(lines[0], "log"), LOG);
  let at = 1;
  for (; lines[at]?.startsWith("witness "); at++) {
    const [name, key] = words(rest(lines[at], "witness"), 2) as [string, string];
    named(name);
    witnesses.push({ name, key: keyed(key, WITNESS) });
  }
  for (; lines[at]?.startsWith("group "); at++) {
    const [name, k, ...members] = rest(lines[at], "group").split(" ") as [string, string, ...string[]];
    must(new Set(members).size === members.length, "a member stands twice in a group");
    must(members.every(known), "a member of a group that is no earlier witness or group");
    named(name);
    groups.set(name, { k: dec(k ?? "", 1, members.length), members });
  }
  const quorum = rest(lines[at], "quorum");
  must(quorum === "none" || known(quorum), "a quorum that is no witness or group");
  must(at === lines.length - 1, "a line after the quorum");
  return {
    log,
    witnesses,
    satisfied(by) {
      const met = new Set(witnesses.filter((w) => by.has(w.name)).map((w) => w.name));
      // Groups name earlier ones only, so going through them once in order settles each.
      for (const [name, g] of groups) if (g.members.filter((m) => met.has(m)).length >= g.k) met.add(name);
      return met.has(quorum);
    },
  };
}
