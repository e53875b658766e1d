// The page that verifies a bundle (SPEC section 9) in the reader's browser: in a worker, from a file or from an address of this
// site. Once it is loaded it needs no network but for such an address.

import { type Page, type View, definitions, focusOn, h, local, say, stringsOf, to, verdict } from "./dom";
import { download } from "./download";
import { type Verified, beginVerifier, drawBreach, drawProgress, inDraw } from "./verifier";
import type { Step } from "./verify/steps";

type Trouble = "verifyNothing" | "verifyElsewhere" | "verifyNotThere" | "verifyNoBundle" | "verifyUnreadable";

interface Run {
  name: string;
  passed: { step: Step; draw: number | undefined }[];
  outcome: Verified | null; // null: it goes on
}

export function verifyView(redraw: () => void): View {
  let address = new URLSearchParams(location.search).get("bundle") ?? "";
  let trouble: Trouble | null = null;
  let run: Run | null = null;
  let busy = false;
  const verifier = beginVerifier();

  async function verifyThis(page: Page, name: string, bring: () => Promise<Blob | Trouble>): Promise<void> {
    if (busy) return;
    busy = true;
    trouble = null;
    const now: Run = { name, passed: [], outcome: null };
    run = now;
    say(page.t.verifying);
    redraw();
    focusOn(document.getElementById("result-title"));
    let got: Blob | Trouble;
    try {
      got = await bring();
    } catch {
      got = "verifyNotThere";
    }
    const outcome = typeof got === "string" ? got : await verifier.verify(got, (step, draw) => { now.passed.push({ step, draw }); });
    if (typeof outcome === "string") trouble = outcome;
    else now.outcome = outcome;
    if (trouble) run = null;
    busy = false;
    redraw();
    say(""); // the focus goes to the words
    focusOn(document.getElementById(trouble ? "error-summary" : "result-title"));
  }

  const takeFile = (page: Page, file: File | undefined): void => {
    if (file) void verifyThis(page, file.name, async () => file);
  };

  const takeAddress = (page: Page): void => {
    const asked = address.trim();
    if (asked === "") {
      trouble = "verifyNothing";
      run = null;
      redraw();
      return focusOn(document.getElementById("error-summary"));
    }
    void verifyThis(page, asked, async () => {
      const url = URL.canParse(asked, location.origin) ? new URL(asked, location.origin) : null;
      if (url?.origin !== location.origin) return "verifyElsewhere";
      return new Blob(await download(url.pathname + url.search, (bytes) => verifier.progress(page.t.verifyLoads((bytes / 1e6).toFixed(1)), null)));
    });
  };

  return {
    title: (lang) => stringsOf(lang).verifyPage,
    draw: (page) => {
      const { t } = page;
      const file = h("input", { type: "file", id: "bundle-file", accept: ".tar,application/x-tar", "aria-describedby": "file-hint", onchange: () => takeFile(page, file.files?.[0]) });
      const field = h("input", { type: "text", id: "bundle-address", inputmode: "url", spellcheck: "false", autocomplete: "off", translate: "no", value: address, "aria-describedby": "address-hint",
        "aria-invalid": trouble === "verifyNothing" || trouble === "verifyElsewhere" ? "true" : null, oninput: () => { address = field.value; } });
      return h("div", {},
        h("h1", { tabindex: -1 }, t.verifyPage),
        h("p", {}, t.verifyPageLead),
        trouble && h("div", { class: "alarm", role: "alert", id: "error-summary", tabindex: -1 }, h("h2", {}, t.verifyUnable), h("p", {}, t[trouble])),
        run && drawRun(run, page),
        h("form", { class: "card", novalidate: true, onsubmit: (e: Event) => { e.preventDefault(); takeAddress(page); } },
          h("div", { class: "field drop", ondragover: (e: DragEvent) => e.preventDefault(), ondrop: (e: DragEvent) => { e.preventDefault(); takeFile(page, e.dataTransfer?.files[0]); } },
            h("label", { for: "bundle-file" }, t.verifyFile), h("p", { class: "hint", id: "file-hint" }, t.checkDrop), file),
          h("div", { class: "field" }, h("label", { for: "bundle-address" }, t.verifyAddress), h("p", { class: "hint", id: "address-hint" }, t.verifyAddressHint), field),
          h("button", { type: "submit", class: "main", id: "verify", "aria-disabled": busy ? "true" : null }, busy ? t.verifying : t.verifyButton)),
        h("section", { class: "card", "aria-labelledby": "others-title" },
          h("h2", { id: "others-title" }, t.verifyOthersTitle),
          h("p", {}, t.verifyOthers),
          h("pre", { class: "command" }, h("code", {}, "fairlot verify BUNDLE.tar\nnode web/verify.mjs BUNDLE.tar\npython3 spec/verify.py BUNDLE.tar"))));
    },
  };
}

function drawRun(run: Run, page: Page): HTMLElement {
  const { t } = page, o = run.outcome;
  const name = h("p", { class: "byline" }, h("span", { translate: "no" }, run.name));
  if (o === null) {
    return h("section", { class: "card", "aria-labelledby": "result-title" },
      h("h2", { id: "result-title", tabindex: -1 }, t.verifying), name, drawProgress(t.verifying));
  }
  const kind = o.status === 0 ? "right" : o.status === 1 ? "wrong" : "unable";
  return h("section", { class: "card found", "aria-labelledby": "result-title" },
    h("h2", { id: "result-title", tabindex: -1, class: kind }, t.verifyOutcomes[o.reason] ?? t.verifyFailed),
    name,
    o.titles.length > 0 && definitions([[t.verifyCampaign, local("span", o.titles, page.lang, { id: "verified-title" })]]),
    o.status === 1 && h("div", { class: "alarm" }, ...drawBreach(o, page), h("p", {}, t.verifyKeep)),
    h("h3", {}, t.verifyStepsTitle),
    h("ol", { class: "verdicts", id: "steps" },
      ...run.passed.map(({ step, draw }) => verdict(inDraw(o, t.verifySteps[step], draw, page), true, page)),
      o.status === 1 && verdict(inDraw(o, t.verifySteps[o.reason as Step], o.draw, page), false, page)),
    ...o.draws.flatMap((d) => [h("h3", {}, t.verifyDraw(d.draw)), definitions([
      ...(d.isVoid ? ([[t.verifyState, t.verifyVoid]] as [string, string][]) : ([[t.verifyRound, String(d.round)]] as [string, string][])),
      ...(d.entrants === undefined ? [] : ([[t.verifyEntrants, String(d.entrants)]] as [string, string][])),
      ...(d.seats === undefined ? [] : ([[t.verifySeats, t.verifySeatsAre(d.seats, d.alternates ?? 0)]] as [string, string][])),
      ...([[t.verifyRoot, d.root], [t.verifySeed, d.seed], [t.verifyRanking, d.rankingHash]] as [string, string | undefined][])
        .flatMap(([k, v]) => (v === undefined ? [] : [[k, h("code", { class: "hash" }, v)] as [string, HTMLElement]])),
    ])]),
    o.openHash !== undefined && definitions([[t.verifyOpen, h("code", { class: "hash" }, o.openHash)]]));
}

// verifyLink leads to this page with a bundle of this site named. apart: in another tab, where what is typed or a receipt must not be left.
export const verifyLink = (bundle: string, page: Page, apart = false): HTMLElement =>
  h("a", { href: `${to("/verify", page.lang)}&bundle=${encodeURIComponent(bundle)}`, target: apart && "_blank", rel: apart && "noopener" }, page.t.verifyHere);
