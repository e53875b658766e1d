declare module "survey-core/i18n/traditional-chinese" {
  export const traditionalChineseSurveyStrings: Record<string, unknown>;
}
