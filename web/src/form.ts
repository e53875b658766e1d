// The entry form: what is asked, what was typed (kept in memory only), and what is wrong with it.

import type { Ask, Campaign, FormField, Violation } from "./api";
import { type Contact, type Identity, canonicalToken, checkBirth, checkEmail, checkId, checkPhone, isBlank } from "./canon";
import { type Child, type Page, choose, claimed, h, local } from "./dom";
import type { Strings } from "./strings";

export interface Draft {
  values: Record<string, string>; // by field id
  ticked: Set<string>; // codes of consents
}

// Problem is one thing to correct. code is a key of fieldErrors, with or without the field before it.
export interface Problem {
  field: string; // "name", "token", "consent-CODE" …
  code: string;
  count?: number; // of a token's signs, with code "length"
  reason?: string; // the server's, with code "refused"
}

// quiet keeps Enter in a field from sending a long form before its end; the button sends.
export function quiet(e: KeyboardEvent): void {
  if (e.key === "Enter" && e.target instanceof HTMLInputElement) e.preventDefault();
}

export const hasDraws = (c: Campaign): boolean => c.draws.length > 0;
export const choosesGroup = (c: Campaign): boolean => c.strata.length > 0 && c.strataBy === "STRATA_BY_ENTRANT";
export const needsToken = (c: Campaign): boolean => hasDraws(c) && c.proof === "PROOF_TOKEN";
const asked = (c: Campaign, f: FormField): Ask => c.form?.[f] ?? "FIELD_RULE_UNSPECIFIED";
const identityFields: FormField[] = ["birth", "card", "guardian"];
const contactFields: FormField[] = ["phone", "email", "address"];

// groupOf is the number of the group that was chosen, 0 if none was.
export const groupOf = (d: Draft): number => Number(d.values["stratum"] ?? 0);

// groupTitle is a group's name, or its number if the rules do not name it.
export function groupTitle(c: Campaign, n: number, page: Page): string {
  const group = c.strata[n - 1];
  return group ? choose(group.title, page.lang).text : String(n);
}

export function problemText(t: Strings, p: Problem): string {
  if (p.field === "token" && p.code === "length") return t.tokenLength(p.count ?? 0);
  if (p.reason) return t.reasons[p.reason] ?? t.reasonOther;
  return t.fieldErrors[`${p.field.startsWith("consent-") ? "consents" : p.field}:${p.code}`] ?? t.fieldErrors[p.code] ?? t.fieldErrors["other"]!;
}

export function labelOf(t: Strings, field: string, c: Campaign, page: Page): string {
  if (field.startsWith("consent-")) {
    const consent = c.consents.find((k) => `consent-${k.code}` === field);
    return consent ? choose(consent.text, page.lang).text : t.consentTitle;
  }
  return (t as unknown as Record<string, string>)[field] ?? field;
}

// checkDraft finds what is wrong before anything is sent, in the order of the form.
export function checkDraft(c: Campaign, d: Draft): Problem[] {
  const out: Problem[] = [];
  const value = (f: string) => d.values[f] ?? "";
  const need = (field: string, required: boolean, code?: string, fits?: () => boolean) => {
    if (isBlank(value(field))) {
      if (required) out.push({ field, code: "required" });
    } else if (code && fits && !fits()) out.push({ field, code });
  };
  if (choosesGroup(c) && groupOf(d) === 0) out.push({ field: "stratum", code: "required" });
  if (hasDraws(c)) {
    need("token", needsToken(c));
    const token = canonicalToken(value("token"));
    if (needsToken(c) && token !== "") {
      if ([...token].length !== 20) out.push({ field: "token", code: "length", count: [...token].length });
      else if (!/^[0-9A-HJKMNP-TV-Z]*$/.test(token)) out.push({ field: "token", code: "form" });
    }
    need("name", true);
    const kind = value("idType");
    if (kind !== "citizen" && kind !== "resident") out.push({ field: "idType", code: "required" });
    need("idNumber", true);
    if (!isBlank(value("idNumber")) && (kind === "citizen" || kind === "resident")) {
      const found = checkId(kind, value("idNumber"));
      if (found !== "right") out.push({ field: "idNumber", code: found });
    }
    const checks: Partial<Record<FormField, [string, () => boolean]>> = {
      birth: ["date", () => checkBirth(value("birth"), new Date())],
      phone: ["form", () => checkPhone(value("phone"))],
      email: ["form", () => checkEmail(value("email"))],
    };
    for (const f of [...identityFields, ...contactFields]) {
      if (asked(c, f) !== "FIELD_RULE_UNSPECIFIED") need(f, asked(c, f) === "FIELD_RULE_REQUIRED", checks[f]?.[0], checks[f]?.[1]);
    }
  }
  for (const k of c.consents) if (k.required && !d.ticked.has(k.code)) out.push({ field: `consent-${k.code}`, code: "required" });
  return out;
}

// fromServer translates a violation of the contract (identity.id_number, contact.phone, consents, token) to a problem of this form.
export function fromServer(c: Campaign, v: Violation, reason: string): Problem | null {
  const last = (v.field.split(".")[1] ?? v.field).replace(/_([a-z])/g, (_, x: string) => x.toUpperCase());
  if (/^(identity|contact)\./.test(v.field) || v.field === "token" || v.field === "stratum") {
    const code = v.reason === "string.min_len" ? "required" : v.reason === "string.max_bytes" || v.reason === "string.max_len" ? "too-long" : v.reason;
    return code === "refused" ? { field: last, code, reason } : { field: last, code };
  }
  if (v.field === "consents") {
    const code = v.description.split(": ")[1] ?? "";
    if (c.consents.some((k) => k.code === code)) return { field: `consent-${code}`, code: v.reason };
  }
  return null;
}

export function identityOf(c: Campaign, d: Draft): Identity {
  const v = (f: FormField) => (asked(c, f) === "FIELD_RULE_UNSPECIFIED" ? "" : (d.values[f] ?? ""));
  return {
    name: d.values["name"] ?? "", idType: d.values["idType"] === "resident" ? "resident" : "citizen", idNumber: d.values["idNumber"] ?? "",
    birth: v("birth"), card: v("card"), guardian: v("guardian"),
  };
}

export function contactOf(c: Campaign, d: Draft, lang: string): Contact {
  const v = (f: FormField) => (asked(c, f) === "FIELD_RULE_UNSPECIFIED" ? "" : (d.values[f] ?? ""));
  return { lang, phone: v("phone"), email: v("email"), address: v("address") };
}

interface FieldOptions { hint?: string; required: boolean; attributes?: Record<string, string>; after?: Child; onblur?: (value: string) => void }

// drawPerson builds the token and identity fields; drawConsents the boxes, which are never ticked beforehand.
export function drawPerson(c: Campaign, d: Draft, problems: Problem[], page: Page, title = page.t.personTitle): HTMLElement {
  const { t } = page;
  const text = (f: string, o: FieldOptions) => drawField(f, o, c, d, problems, page);
  const forId = h("span", { class: "id-check", role: "status" });
  const tell = () => {
    const kind = d.values["idType"];
    const typed = d.values["idNumber"] ?? "";
    if (isBlank(typed) || (kind !== "citizen" && kind !== "resident")) return;
    const found = checkId(kind, typed);
    forId.className = `id-check ${found === "right" ? "right" : "wrong"}`;
    forId.textContent = found === "right" ? `✓ ${t.idRight}` : `! ${problemText(t, { field: "idNumber", code: found })}`;
  };
  const rule = (f: FormField) => ({ required: asked(c, f) === "FIELD_RULE_REQUIRED" });
  const optional = (f: FormField, o: Omit<FieldOptions, "required">) => (asked(c, f) === "FIELD_RULE_UNSPECIFIED" ? null : text(f, { ...rule(f), ...o }));
  return h("section", { class: "card", "aria-labelledby": "person-title" },
    h("h2", { id: "person-title" }, title),
    h("p", {}, t.personLead),
    needsToken(c) && text("token", { required: true, hint: t.tokenHint, attributes: { autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: "64" } }),
    text("name", { required: true, attributes: { autocomplete: "name" } }),
    drawIdType(d, problems, page, tell),
    text("idNumber", { required: true, hint: t.idHint, after: forId, onblur: tell, attributes: { autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: "40" } }),
    optional("birth", { hint: t.birthHint, attributes: { autocomplete: "bday", maxlength: "20" } }),
    optional("card", { attributes: { autocomplete: "off", spellcheck: "false" } }),
    optional("guardian", { attributes: { autocomplete: "off" } }),
    h("h3", {}, t.contactTitle),
    claimed(c, page),
    optional("phone", { hint: t.phoneHint, attributes: { type: "tel", autocomplete: "tel" } }),
    optional("email", { hint: t.emailHint, attributes: { type: "email", autocomplete: "email", spellcheck: "false" } }),
    optional("address", { attributes: { autocomplete: "street-address" } }),
  );
}

function errorOf(field: string, problems: Problem[], page: Page): HTMLElement | null {
  const p = problems.find((x) => x.field === field);
  return p ? h("p", { class: "error", id: `${field}-error` }, h("span", { class: "hidden-text" }, page.t.errorPrefix), problemText(page.t, p)) : null;
}

const mark = (required: boolean, page: Page) => h("span", { class: required ? "mark required" : "mark" }, ` ${required ? page.t.required : page.t.optional}`);

function drawField(field: string, o: FieldOptions, c: Campaign, d: Draft, problems: Problem[], page: Page): HTMLElement {
  const error = errorOf(field, problems, page);
  const described = [o.hint && `${field}-hint`, error && `${field}-error`].filter(Boolean).join(" ");
  const input = h("input", {
    id: field, name: field, type: "text", ...o.attributes, required: o.required, "aria-invalid": error ? "true" : null, "aria-describedby": described || null,
    oninput: () => { d.values[field] = input.value; },
    onblur: () => o.onblur?.(input.value),
  });
  input.value = d.values[field] ?? "";
  return h("div", { class: error ? "field wrong" : "field" },
    h("label", { for: field }, labelOf(page.t, field, c, page), mark(o.required, page)),
    o.hint && h("p", { class: "hint", id: `${field}-hint` }, o.hint), error, input, o.after);
}

const fewGroups = 8; // so many are seen at once; more go into a list

// drawGroup asks in which group the entrant is drawn. Nothing is chosen beforehand.
export function drawGroup(c: Campaign, d: Draft, problems: Problem[], page: Page): HTMLElement {
  const { t } = page;
  const error = errorOf("stratum", problems, page);
  const described = error ? "stratum-hint stratum-error" : "stratum-hint";
  const hint = h("p", { class: "hint", id: "stratum-hint" }, t.groupHint);
  const all = c.strata.map((_, i) => ({ value: String(i + 1), title: local("span", c.strata[i]!.title, page.lang) }));
  const body = () => {
    if (all.length <= fewGroups) {
      return h("fieldset", { class: error ? "field wrong" : "field" }, h("legend", {}, t.stratum, mark(true, page)), hint, error, ...all.map(({ value, title }) => {
        const input = h("input", {
          type: "radio", name: "stratum", id: value === "1" ? "stratum" : `stratum-${value}`, value, required: true, "aria-describedby": described, onchange: () => { d.values["stratum"] = value; },
        });
        input.checked = d.values["stratum"] === value;
        return h("label", { class: "choice" }, input, " ", title);
      }));
    }
    const list = h("select", { id: "stratum", name: "stratum", required: true, "aria-invalid": error ? "true" : null, "aria-describedby": described, onchange: () => { d.values["stratum"] = list.value; } },
      h("option", { value: "" }, t.groupChoose), ...all.map(({ value, title }) => h("option", { value, lang: title.lang }, title.textContent)));
    list.value = d.values["stratum"] ?? "";
    return h("div", { class: error ? "field wrong" : "field" }, h("label", { for: "stratum" }, t.stratum, mark(true, page)), hint, error, list);
  };
  return h("section", { class: "card", "aria-labelledby": "group-title" }, h("h2", { id: "group-title" }, t.groupTitle), body());
}

function drawIdType(d: Draft, problems: Problem[], page: Page, changed: () => void): HTMLElement {
  const error = errorOf("idType", problems, page);
  const option = (value: "citizen" | "resident", first: boolean) => {
    const input = h("input", {
      type: "radio", name: "idType", id: first ? "idType" : `idType-${value}`, value, required: true, "aria-describedby": error ? "idType-error" : null,
      onchange: () => { d.values["idType"] = value; changed(); },
    });
    input.checked = d.values["idType"] === value;
    return h("label", { class: "choice" }, input, " ", h("span", {}, page.t[value]));
  };
  return h("fieldset", { class: error ? "field wrong" : "field" },
    h("legend", {}, page.t.idType, mark(true, page)), error, option("citizen", true), option("resident", false));
}

export function drawConsents(c: Campaign, d: Draft, problems: Problem[], page: Page): HTMLElement | null {
  if (c.consents.length === 0) return null;
  return h("section", { class: "card", "aria-labelledby": "consent-title" },
    h("h2", { id: "consent-title" }, page.t.consentTitle),
    ...c.consents.map((k) => {
      const id = `consent-${k.code}`;
      const error = errorOf(id, problems, page);
      const box = h("input", {
        type: "checkbox", id, required: k.required, "aria-invalid": error ? "true" : null, "aria-describedby": error ? `${id}-error` : null,
        onchange: () => { if (box.checked) d.ticked.add(k.code); else d.ticked.delete(k.code); },
      });
      box.checked = d.ticked.has(k.code);
      return h("div", { class: error ? "field wrong" : "field" }, error,
        h("label", { class: "choice" }, box, " ", h("span", {}, local("span", k.text, page.lang), k.aboutAnswers && page.t.consentAboutAnswers, mark(k.required, page))));
    }));
}
