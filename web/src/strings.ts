// All texts of the site, one table a language.

import { en } from "./en";
import { zh } from "./zh";

export type Lang = "zh-Hant-TW" | "en";

export type Strings = typeof zh;

export const strings: Record<Lang, Strings> = { "zh-Hant-TW": zh, en };
