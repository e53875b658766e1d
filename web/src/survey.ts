// The survey, drawn by the SurveyJS form library. A bundle of its own, loaded only where there is a survey.

import { CustomError, Model, SvgRegistry, settings, surveyLocalization } from "survey-core";
import { traditionalChineseSurveyStrings } from "survey-core/i18n/traditional-chinese";
import { renderSurvey } from "survey-js-ui";
import { type Lang, strings } from "./strings";

export interface SurveyProblem {
  question: string;
  title: string;
  text: string;
}

export interface SurveyForm {
  element: HTMLElement;
  setLanguage: (lang: Lang) => void;
  // check marks every question with what is wrong and returns it in order.
  check: () => SurveyProblem[];
  // mark shows what the server found, by question.
  mark: (problems: { question: string; text: string }[]) => SurveyProblem[];
  focus: (question: string) => void;
  response: () => string;
  lock: (locked: boolean) => void;
  forget: () => void;
}

// The page's policy admits no markup made from strings (trusted types), and the library's icons are such. Its controls are drawn by
// app.css instead, so the one place that writes markup gets the browser's own empty value.
const noMarkup = (globalThis as { trustedTypes?: { emptyHTML: unknown } }).trustedTypes?.emptyHTML ?? "";
SvgRegistry.iconsRenderedHtml = () => noMarkup as string;
settings.titleTags = { ...settings.titleTags, survey: "h3", page: "h3", panel: "h3", question: "div" };

// Some of the library's sentences do not say what to do, or not in Taiwanese words. The only step of docs/SURVEY.md is 1.
Object.assign(traditionalChineseSurveyStrings, {
  booleanCheckedLabel: "是", booleanUncheckedLabel: "否", optionsCaption: "請選擇", requiredError: "請填寫這一題。", numericError: "請填數字。", stepError: "請填整數。",
  minError: "不可小於 {0}。", maxError: "不可大於 {0}。", textMaxLength: "最多 {0} 個字。", minSelectError: "至少要選 {0} 項。", maxSelectError: "最多選 {0} 項。",
  otherRequiredError: "請填寫「其他」的內容。",
});
Object.assign(surveyLocalization.locales["en"] as object, { requiredError: "Answer this question.", stepError: "Give a whole number." });

const localeOf = (lang: Lang) => (lang === "en" ? "en" : "zh-tw");

interface Element { type?: string; elements?: Element[]; pages?: Element[]; [key: string]: unknown }

// plain asks for the controls that browsers and their helpers know best: native selects and radio buttons.
function plain(el: Element): Element {
  const out: Element = { ...el };
  if (el.type === "dropdown" || el.type === "boolean") out.renderAs = el.type === "dropdown" ? "select" : "radio";
  if (el.type === "boolean") out.swapOrder = true; // yes first
  if (el.type === "rating") out.displayMode = "buttons";
  if (el.pages) out.pages = el.pages.map(plain);
  if (el.elements) out.elements = el.elements.map(plain);
  return out;
}

export function makeSurvey(definition: string, lang: Lang): SurveyForm {
  const model = new Model(plain(JSON.parse(definition) as Element));
  model.questionsOnPageMode = "singlePage";
  model.showNavigationButtons = false;
  model.showCompletePage = false;
  model.showTitle = false;
  model.showQuestionNumbers = "off";
  model.autoFocusFirstError = false;
  model.questionErrorLocation = "top";
  const speak = (l: Lang) => {
    if (model.locale === localeOf(l) && model.requiredMark === strings[l].required) return;
    model.locale = localeOf(l);
    model.requiredMark = strings[l].required;
  };
  speak(lang);
  model.widthMode = "responsive";
  // The library names every control but these two.
  model.onAfterRenderQuestion.add((_, o) => {
    const title = `${o.question.id}_ariaTitle`;
    o.htmlElement.querySelector("select")?.setAttribute("aria-labelledby", title);
    if (o.question.getType() !== "boolean") return;
    const group = o.htmlElement.querySelector("fieldset");
    group?.setAttribute("role", "radiogroup");
    group?.setAttribute("aria-labelledby", title);
  });
  const element = document.createElement("div");
  element.className = "survey";
  renderSurvey(model, element);

  const problems = (): SurveyProblem[] =>
    model.getAllQuestions(true).filter((q) => q.errors.length > 0).map((q) => ({
      question: q.name,
      title: q.locTitle.textOrHtml,
      text: q.errors.map((e) => e.getText()).join(" "),
    }));

  return {
    element,
    setLanguage: speak,
    check: () => {
      model.validate(true, false);
      return problems();
    },
    mark: (found) => {
      for (const p of found) model.getQuestionByName(p.question)?.addError(new CustomError(p.text));
      return problems();
    },
    focus: (question) => { model.getQuestionByName(question)?.focus(true); },
    response: () => JSON.stringify(model.data),
    lock: (locked) => { model.readOnly = locked; },
    forget: () => { model.clear(true, true); },
  };
}
