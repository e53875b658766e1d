// The canonical texts of a person (SPEC section 4; what makes a value canonical is the server's business and is followed here, so that
// its commitments can be checked), and the check digit of ID numbers.

export interface Identity {
  name: string;
  idType: "citizen" | "resident";
  idNumber: string;
  birth: string;
  card: string;
  guardian: string;
}

export interface Contact {
  lang: string;
  phone: string;
  email: string;
  address: string;
}

const canonical = (s: string): string => s.normalize("NFC").split(/[\t\p{Zs}]+/u).filter((x) => x !== "").join(" ");

// canonicalId folds full-width characters, drops spaces and hyphens, and puts letters in upper case.
export const canonicalId = (s: string): string =>
  s.normalize("NFKC").replace(/[ \-\u2010]/g, "").replace(/[a-z]/g, (c) => c.toUpperCase());

function lines(values: [string, string][]): string {
  return values.map(([k, v]) => (v === "" ? "" : `${k} ${v}\n`)).join("");
}

export function identityText(i: Identity): string {
  return lines([
    ["name", canonical(i.name)],
    ["id-type", i.idType],
    ["id-number", canonicalId(i.idNumber)],
    ["birth", canonical(i.birth.normalize("NFKC"))],
    ["card", canonical(i.card)],
    ["guardian", canonical(i.guardian)],
  ]);
}

export function contactText(c: Contact): string {
  return lines([
    ["lang", c.lang],
    ["phone", canonical(c.phone.normalize("NFKC"))],
    ["email", canonical(c.email)],
    ["address", canonical(c.address)],
  ]);
}

// canonicalToken reads an entry code as people type it: any case, full-width, O for 0, I and L for 1, hyphens and spaces anywhere.
export const canonicalToken = (s: string): string =>
  s.trim().normalize("NFKC").toUpperCase().replace(/[- \u2010\u2011\u2013]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");

export const isBlank = (s: string): boolean => canonical(s) === "";

export type IdCheck = "right" | "form" | "check-digit";

const letters = [10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33];
const valueOf = (c: string): number => letters[c.charCodeAt(0) - 65]!;

// checkId looks at form and check digit: one checksum for citizens and for both forms of residents' numbers.
export function checkId(kind: "citizen" | "resident", typed: string): IdCheck {
  const n = canonicalId(typed);
  if (!(kind === "citizen" ? /^[A-Z][12]\d{8}$/ : /^[A-Z][89A-D]\d{8}$/).test(n)) return "form";
  const first = valueOf(n[0]!);
  const second = /\d/.test(n[1]!) ? Number(n[1]) : valueOf(n[1]!) % 10;
  let sum = Math.floor(first / 10) + (first % 10) * 9 + second * 8;
  for (let i = 2; i < 9; i++) sum += Number(n[i]) * (9 - i);
  return (sum + Number(n[9])) % 10 === 0 ? "right" : "check-digit";
}

// checkPhone, checkEmail and checkBirth follow the server's rules closely enough to warn early; the server decides.
export function checkPhone(typed: string): boolean {
  const v = canonical(typed.normalize("NFKC"));
  const digits = v.replace(/[^0-9]/g, "").length;
  return /^[0-9+\-()# ]*$/.test(v) && digits >= 6 && digits <= 20;
}

export const checkEmail = (typed: string): boolean => /^[^\s@<>(),;:"\\]+@[^\s@.]+(\.[^\s@.]+)+$/.test(canonical(typed));

export function checkBirth(typed: string, now: Date): boolean {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(canonical(typed.normalize("NFKC")));
  if (!m) return false;
  const d = new Date(`${m[0]}T00:00:00Z`);
  return !Number.isNaN(d.getTime()) && d.toISOString().startsWith(m[0]) && Number(m[1]) >= 1900 && d < now;
}
