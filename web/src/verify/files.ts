// The three files that `open` names by hash (SPEC section 3): step 3.
import { hex, utf8 } from "../bytes";
import type { Bundle } from "./bundle";
import { must } from "./breach";
import type { Logged, Open } from "./records";
import { parsePolicy, type Policy } from "./policy";
import { sha256 } from "./sha";
import { whole } from "./source";
import { lines } from "./text";
import { hexOf } from "./values";

export type OpenLogged = Open & { hash: string };

const HEAD = utf8("fairlot/v1 rules\n");

export function readFiles(files: Bundle["files"], records: Logged[]): { open: OpenLogged; at: number; policy: Policy } {
  const contents = files.map(({ hash, file }) => ({ hash, bytes: whole(file, 2 ** 20, hash) }));
  for (const { hash, bytes } of contents) must(hex(sha256(bytes)) === hash, `files/${hash} is not of that hash`);
  const rules = contents.filter(({ bytes }) => hex(bytes.subarray(0, HEAD.length)) === hex(HEAD));
  must(rules.length === 1, `${rules.length} files begin as rules do, instead of one`);
  const { hash, bytes } = rules[0] as (typeof rules)[0];
  const [, second] = lines(bytes);
  must(second?.startsWith("campaign ") ?? false, "the rules' second line is not campaign");
  const campaign = hexOf((second as string).slice("campaign ".length), 32);
  const opens = records.flatMap((r, at) => (r.kind === "open" && r.campaign === campaign ? [{ open: r as OpenLogged, at }] : []));
  must(opens.length === 1, `${opens.length} open records of campaign ${campaign} instead of one`);
  const { open, at } = opens[0] as (typeof opens)[0];
  must(open.rules === hash, "open names other rules");
  const named = [...new Set([open.rules, open.notice, open.policy])].sort();
  must(named.join() === contents.map((c) => c.hash).join(), "open names other files than there are");
  return { open, at, policy: parsePolicy((contents.find((c) => c.hash === open.policy) as (typeof contents)[0]).bytes) };
}
