// The verifier as a program for Node: `node web/verify.mjs [--round-signature CHAIN:ROUND:HEX]… BUNDLE`, a folder or an archive, and
// `--vectors DIR`. Exit status as in SPEC section 9. `--cases` is for the test that compares verifiers: spec/outcomes.py has its form.
import { fstatSync, lstatSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { Breach } from "./breach";
import { buffered, ofBytes, type Source } from "./source";
import { isArchive, members } from "./tar";
import { caseOf, givenRound, parseVector, run } from "./vectors";
import { outcomeText, STEPS, type Outcome, type Step } from "./steps";
import { verify, type Options } from "./verify";

const USAGE = "usage: node verify.mjs [--round-signature CHAIN:ROUND:HEX]... BUNDLE\n       node verify.mjs --vectors DIR\n";

class Usage extends Error {}

function ofFile(path: string): Source {
  const file = openSync(path, "r"), size = fstatSync(file).size;
  return buffered({
    size,
    read(at, n) {
      const out = new Uint8Array(n);
      let got = 0;
      while (got < n) {
        const more = readSync(file, out, got, n - got, at + got);
        if (more === 0) throw new Breach(`${path} became shorter while it was read`);
        got += more;
      }
      return out;
    },
  });
}

function inFolder(folder: string, below = ""): [string, Source][] {
  return readdirSync(`${folder}/${below}`).flatMap((name): [string, Source][] => {
    const path = below + name, is = lstatSync(`${folder}/${path}`);
    if (is.isDirectory()) return inFolder(folder, `${path}/`);
    if (!is.isFile()) throw new Breach(`${path} is no regular file`);
    return [[path, ofFile(`${folder}/${path}`)]];
  });
}

// NoBundle: there is nothing to check.
class NoBundle extends Error {}

const HOW = "give the .tar as the campaign's page gives it, not compressed, or the folder of its files";

function verifyFile(path: string, options: Omit<Options, "ordered">): Outcome {
  if (lstatSync(path).isDirectory()) {
    if (!readdirSync(path).includes("log.bin")) throw new NoBundle(`there is no ${path}/log.bin: ${HOW}`);
    return verify(() => inFolder(path), { ...options, ordered: false });
  }
  const file = ofFile(path);
  if (!isArchive(file)) throw new NoBundle(`${path} does not begin as an archive of the kind ustar: ${HOW}`);
  return verify(() => members(file), { ...options, ordered: true });
}

const HELD: Record<Outcome["reason"], string> = {
  ...(Object.fromEntries(STEPS.map((s) => [s, ""])) as Record<Step, string>),
  proven: "ok",
  drawn: "ok (not drawn yet)",
  witness: "ok (not confirmed from outside in time)",
  beacon: "ok (another chain than quicknet, which proves nothing to outsiders)",
};

function say(o: Outcome): void {
  const tell = (line: string) => process.stdout.write(`${line}\n`);
  if (o.openHash !== undefined) tell(`campaign ${o.campaign}, open record ${o.openHash}`);
  for (const d of o.draws) {
    tell(`draw ${d.draw}: ${d.isVoid ? "void" : `round ${d.round}`}${d.entrants === undefined ? "" : `, ${d.entrants} entrants`}`);
    for (const [name, value] of [["root", d.root], ["seed", d.seed], ["ranking", d.rankingHash]] as const) if (value !== undefined) tell(`  ${name} ${value}`);
  }
  if (o.status !== 1) return tell(`verify: ${HELD[o.reason]}`);
  tell(`verify: FAILED at step ${STEPS.indexOf(o.reason as Step) + 1} ${o.reason}${o.draw === undefined ? "" : `, draw ${o.draw}`}: ${o.breach ?? ""}`);
}

// vectors runs each and prints its outcome; the exit status is 1 if one comes to something else than it states.
function vectors(dir: string): number {
  let wrong = 0;
  for (const name of readdirSync(dir).filter((f) => f.endsWith(".txt")).map((f) => f.slice(0, -4)).sort()) {
    const v = parseVector(readFileSync(`${dir}/${name}.txt`, "utf8")), { outcome, came, breach } = run(v);
    process.stdout.write(`${name}: ${outcome}\n`);
    const differ = [...v.want].filter(([key, value]) => came.get(key) !== value).map(([key]) => key);
    if (outcome === v.expect && differ.length === 0) continue;
    wrong++;
    process.stderr.write(`${v.name}: ${outcome} ${breach}; expected ${v.expect}; values that differ: ${differ.join(", ") || "none"}\n`);
  }
  return wrong === 0 ? 0 : 1;
}

// input gives the lines of standard input, which may be more than a string can hold.
function* input(): Generator<string> {
  const piece = new Uint8Array(2 ** 20), decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const got = readSync(0, piece, 0, piece.length, null);
    const lines = (rest + decoder.decode(piece.subarray(0, got), { stream: got > 0 })).split("\n");
    rest = lines.pop() as string;
    yield* lines;
    if (got === 0) return;
  }
}

// cases answers each line of standard input with an outcome.
function cases(): number {
  for (const line of input()) {
    const v = caseOf(line), archive = v.parts[0]?.[1] as Uint8Array;
    let outcome: string;
    if (v.kind === "archive") outcome = outcomeText(verify(() => members(ofBytes(archive)), { ordered: true }));
    else if (v.kind === "folder") outcome = outcomeText(verify(() => inFolder(v.have.get("path") as string), { ordered: false }));
    else outcome = run(v).outcome;
    process.stdout.write(`${outcome}\n`);
  }
  return 0;
}

function main(args: string[]): number {
  const given: NonNullable<Options["given"]> = [];
  while (args[0]?.startsWith("--")) {
    const [option, value] = args.splice(0, 2);
    if (option === "--vectors" && value !== undefined && args.length === 0) return vectors(value);
    if (option === "--cases" && value === undefined) return cases();
    if (option !== "--round-signature" || value === undefined) throw new Usage(`${option} is not understood`);
    given.push(givenRound(value.replaceAll(":", " ")));
  }
  const path = args[0];
  if (path === undefined || args.length > 1) throw new Usage("one bundle is needed");
  const outcome = verifyFile(path, { given });
  say(outcome);
  return outcome.status;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (e) {
  const what = e instanceof Error ? e.message : String(e);
  process.stderr.write(e instanceof Usage ? `${what}\n${USAGE}` : `verify: ${e instanceof NoBundle ? "no bundle: " : ""}${what}\n`);
  process.exitCode = 2;
}
