// The verifier in a page's worker: it is sent a file and tells how far it is, then the outcome. It fetches nothing.
import type { LocalizedText } from "./api";
import { buffered, type Source } from "./verify/source";
import { isArchive, members } from "./verify/tar";
import type { Outcome, Step } from "./verify/steps";
import { verify } from "./verify/verify";

export type Told =
  | { kind: "passed"; step: Step; draw?: number }
  | { kind: "part"; step: Step; draw: number; share: number }
  | { kind: "done"; outcome: Outcome; titles: LocalizedText[] }
  | { kind: "no-bundle" }
  | { kind: "unreadable" };

const tell = (what: Told) => (globalThis as unknown as { postMessage(what: Told): void }).postMessage(what);

function ofBlob(blob: Blob): Source {
  const reader = new FileReaderSync();
  return buffered({ size: blob.size, read: (at, n) => new Uint8Array(reader.readAsArrayBuffer(blob.slice(at, at + n))) });
}

// titlesOf reads the titles in the one rules file of a bundle that verifies.
function titlesOf(file: Source): LocalizedText[] {
  for (const [name, content] of members(file)) {
    if (!name.startsWith("files/")) continue;
    const text = new TextDecoder().decode(content.read(0, content.size));
    if (text.startsWith("fairlot/v1 rules\n")) return [...text.matchAll(/^title (\S+) (.+)$/gm)].map((m) => ({ lang: m[1]!, text: m[2]! }));
  }
  return [];
}

globalThis.addEventListener("message", (e: MessageEvent<Blob>) => {
  try {
    const file = ofBlob(e.data);
    if (!isArchive(file)) return tell({ kind: "no-bundle" });
    const outcome = verify(() => members(file), {
      ordered: true,
      passed: (step, draw) => tell({ kind: "passed", step, ...(draw === undefined ? {} : { draw }) }),
      part: (step, draw, share) => tell({ kind: "part", step, draw, share }),
    });
    tell({ kind: "done", outcome, titles: outcome.status === 1 ? [] : titlesOf(file) });
  } catch {
    tell({ kind: "unreadable" }); // the file changed or went away, or memory was too little
  }
});
