// The verifier in its worker, for the pages that need one. It is begun with the page; from then on it needs no network.

import type { LocalizedText } from "./api";
import { type Page, h, say, stringsOf } from "./dom";
import type { Told } from "./verify-worker";
import { STEPS, type Outcome, type Step } from "./verify/steps";

// Verified is the outcome over a file, and of which campaign it is; without titles if it does not verify.
export type Verified = Outcome & { titles: LocalizedText[] };

export interface Verifier {
  // verify goes through a file, after those that it was given before, and tells of each step that held.
  verify(file: Blob, passed?: (step: Step, draw: number | undefined) => void): Promise<Verified | "verifyNoBundle" | "verifyUnreadable">;
  // progress changes what is seen at once, and what is heard every ten seconds.
  progress(text: string, share: number | null): void;
}

const SCRIPT = "/assets/verify-worker.js";

// The site's policy lets one script be named by this one policy of trusted types, which a page can make once.
const scriptURL = (): string => {
  const types = (globalThis as { trustedTypes?: { createPolicy(name: string, p: { createScriptURL(u: string): string }): { createScriptURL(u: string): string } } }).trustedTypes;
  return types ? types.createPolicy("verify-worker", { createScriptURL: () => SCRIPT }).createScriptURL(SCRIPT) : SCRIPT;
};

export function beginVerifier(): Verifier {
  let saidAt = 0;
  let heard: (told: Told) => void = () => {};
  const url = scriptURL();
  let worker: Worker | null = begin();

  function begin(): Worker {
    const w = new Worker(url);
    w.onmessage = (e: MessageEvent<Told>) => heard(e.data);
    w.onerror = () => { // its script did not come, or it ran out of memory: the next file gets another
      w.terminate();
      worker = null;
      heard({ kind: "unreadable" });
    };
    return w;
  }

  function progress(text: string, share: number | null): void {
    const line = document.getElementById("verify-now"), bar = document.getElementById("verify-bar");
    if (line) line.textContent = text;
    if (bar && share !== null) bar.setAttribute("value", String(share));
    else bar?.removeAttribute("value");
    if (Date.now() - saidAt < 10_000) return;
    saidAt = Date.now();
    say(text);
  }

  const run: Verifier["verify"] = (file, passed) => new Promise((resolve) => {
    saidAt = Date.now();
    heard = (told) => {
      const t = stringsOf(document.documentElement.lang === "en" ? "en" : "zh-Hant-TW");
      if (told.kind === "passed") {
        passed?.(told.step, told.draw);
        progress(t.verifyPassed(t.verifySteps[told.step], STEPS.indexOf(told.step) + 1, STEPS.length), null);
      } else if (told.kind === "part") progress(t.verifyWorks(t.verifySteps[told.step], Math.floor(100 * told.share)), told.share);
      else resolve(told.kind === "done" ? { ...told.outcome, titles: told.titles } : told.kind === "no-bundle" ? "verifyNoBundle" : "verifyUnreadable");
    };
    worker ??= begin();
    worker.postMessage(file);
  });

  let last: Promise<unknown> = Promise.resolve();
  return {
    progress,
    verify: (file, passed) => { // one after the other, or the outcome of one file would be taken for another's
      const ended = last.then(() => run(file, passed));
      last = ended.catch(() => {});
      return ended;
    },
  };
}

// drawProgress is where progress is shown.
export const drawProgress = (label: string): HTMLElement =>
  h("div", {}, h("p", { id: "verify-now" }, "…"), h("progress", { id: "verify-bar", "aria-label": label }));

// inDraw says of which draw something is, if there are several.
export const inDraw = (o: Outcome, text: string, draw: number | undefined, page: Page): string =>
  draw !== undefined && o.draws.length > 1 ? page.t.outcomeOf(draw, text) : text;

// drawBreach says which step does not hold, and the verifier's own words, which are English.
export function drawBreach(o: Outcome, page: Page): HTMLElement[] {
  const { t } = page;
  const step = o.reason as Step;
  return [
    h("p", {}, t.verifyFailedAt(STEPS.indexOf(step) + 1, inDraw(o, t.verifySteps[step], o.draw, page))),
    h("p", {}, t.verifyWords, h("code", { lang: page.lang === "en" ? null : "en" }, o.breach ?? "")),
  ];
}

// drawOutcome says how far records that hold are proven.
export const drawOutcome = (o: Outcome, page: Page): HTMLElement =>
  h("p", { class: o.status === 0 ? null : "caution", id: "records-hold" }, page.t.recordsHold, page.t.verifyOutcomes[o.reason] ?? "");
