// The public REST door (proto/fairlot/v1), as protojson: 64-bit numbers are strings, bytes are base64.

export interface LocalizedText { lang: string; text: string }
export type Ask = "FIELD_RULE_UNSPECIFIED" | "FIELD_RULE_OPTIONAL" | "FIELD_RULE_REQUIRED";
export type FormField = "birth" | "card" | "guardian" | "phone" | "email" | "address";
export interface Consent { code: string; text: LocalizedText[]; required: boolean; aboutAnswers: boolean }
export interface Tier { count: string; title: LocalizedText[]; stratum: number }
export interface DrawRules { tiers: Tier[]; alternates: string; claimDays: string; forfeit: boolean; drawTime: string; beacon: object | null; proportional: boolean; earlierWinnersOut: boolean }
export interface Campaign {
  name: string;
  slug: string;
  state: string;
  title: LocalizedText[];
  description: LocalizedText[];
  notice: LocalizedText[];
  claim?: LocalizedText[];
  claimProxy: boolean;
  guardianBelow: number;
  taxAbove: string;
  audit: number;
  excluded: { persons: string; hash: string } | null;
  winnerList: { name: string; idNumber: string; compoundSurnames: boolean } | null;
  noticeHash: string;
  surveyJson: string;
  consents: Consent[];
  draws: DrawRules[];
  form: Record<FormField, Ask> | null;
  proof: string;
  chancesCap: number;
  register: string;
  batch: number;
  strata: { title: LocalizedText[] }[];
  strataBy: string;
  entriesEnd: string;
  objectionsEnd: string | null;
  retentionDays: number;
  custodians: object[];
  threshold: number;
  openHash: string;
  openRecord: string;
}
export interface Seat { stratum: number; rank: string; entryId: string; tier: number; vacated: string; called: boolean; prize: number }
export interface Draw {
  name: string;
  state: string;
  round: string;
  roundTime: string | null;
  quicknet: boolean;
  entrants: string;
  cosignedBy: string[];
  seats: Seat[];
  rankedIn: number[]; // by group the one in which it was ranked; empty if that is not known
  voidReason: string; // of a void that is logged, whether it counts or not; "" if none is
  voidDeadline: string | null;
  voidCosignedBy: string[];
  statedTime: string | null; // when the rules said it would be, if it was put off since
  waitsFor: number; // in a closed campaign, the earlier draw that its list waits for; 0: none
  amend: Amend | null; // a later round that is logged and not in force
}
export interface Amend { round: string; roundTime: string; deadline: string; cosignedBy: string[] }
export interface EnterAnswer { id: string; receipt: string; identityCommitment: string; contactCommitment: string; correctionsLeft?: number }
export interface EntryStatus { counting: string; chances: number; reason: string; erasure: string; eraseTime: string | null }
export interface Violation { field: string; reason: string; description: string }

// Refusal is an answer that says no. reason is an ErrorReason without its prefix, or "" when there is none.
export class Refusal extends Error {
  constructor(readonly http: number, readonly reason: string, message: string, readonly fields: Violation[], readonly left: number | null = null) { // left: how many more tries there are
    super(message);
  }
}

// Unknown is the loss of an answer: whether the request arrived is not known.
export class Unknown extends Error {}

interface Status { message?: string; details?: { "@type": string; reason?: string; metadata?: Record<string, string>; fieldViolations?: Partial<Violation>[] }[] }

async function call<T>(path: string, init?: RequestInit): Promise<T> {
  let answer: Response;
  let body: unknown;
  try {
    answer = await fetch(path, { ...init, cache: "no-store", credentials: "omit", redirect: "error" });
    body = await answer.json();
  } catch {
    throw new Unknown();
  }
  if (answer.ok) return body as T;
  const status = body as Status;
  const details = status.details ?? [];
  const info = details.find((d) => d["@type"].endsWith("google.rpc.ErrorInfo"));
  const left = Number(info?.metadata?.["triesLeft"] ?? NaN);
  const fields = details.flatMap((d) => d.fieldViolations ?? []);
  throw new Refusal(answer.status, info?.reason ?? "", status.message ?? "", fields.map((f) => ({ field: f.field ?? "", reason: f.reason ?? "", description: f.description ?? "" })), Number.isNaN(left) ? null : left);
}

export const getCampaign = (slug: string) => call<Campaign>(`/v1/campaigns/${encodeURIComponent(slug)}`);

export const listCampaigns = (token: string, size = 20) =>
  call<{ campaigns: Campaign[]; nextPageToken: string }>(`/v1/campaigns?pageSize=${size}&pageToken=${encodeURIComponent(token)}`);

// enter sends a body that was made once, so that a retry is the same request byte for byte.
export const enter = (campaign: string, body: string) =>
  call<EnterAnswer>(`/v1/${campaign}/entries`, { method: "POST", headers: { "Content-Type": "application/json" }, body });

export const entryStatus = (campaign: string, id: string) => call<EntryStatus>(`/v1/${campaign}/entries/${id}:status`);

// eraseEntry sends the secret of an entry, in the body alone.
export const eraseEntry = (campaign: string, s: string) =>
  call<EntryStatus>(`/v1/${campaign}/entries:erase`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ s }) });

// correctEntry sends a body that was made once, with the secret of the entry in it.
export const correctEntry = (campaign: string, body: string) =>
  call<EnterAnswer>(`/v1/${campaign}/entries:correct`, { method: "POST", headers: { "Content-Type": "application/json" }, body });

// showAnswers and withdrawAnswers send an answer secret, in the body alone, and nothing that names an entry.
export const showAnswers = (campaign: string, answerSecret: string) =>
  call<{ responseJson: string; consents: string[] }>(`/v1/${campaign}/answers:show`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ answerSecret }) });
export const withdrawAnswers = (campaign: string, answerSecret: string) =>
  call<{ statisticsMade: boolean }>(`/v1/${campaign}/answers:withdraw`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ answerSecret }) });

// listDraws gives the draws without their seats.
export const listDraws = async (campaign: string) => (await call<{ draws: Draw[] }>(`/v1/${campaign}/draws`)).draws;

// Opening counts what the log announced as opened for one purpose; cases is 0 of draws.
export interface Opening { purpose: string; count: string; cases: number }

export const listOpenings = async (campaign: string) => (await call<{ openings?: Opening[] }>(`/v1/${campaign}/draws`)).openings ?? [];

export async function getDraws(campaign: string): Promise<Draw[]> {
  const draws = await listDraws(campaign);
  return Promise.all(draws.map((d) => (d.state === "DRAW_STATE_DRAWN" ? call<Draw>(`/v1/${d.name}`) : d)));
}

export const bundlePath = (c: Campaign) => `/bundles/${c.name.slice("campaigns/".length)}.tar`;

// outcomeUnknown says whether a failed entry may have been taken all the same; then only the same request may be sent again.
export const outcomeUnknown = (e: unknown): boolean =>
  e instanceof Unknown || (e instanceof Refusal && (e.http >= 500 || e.http === 429 || e.http === 408));
