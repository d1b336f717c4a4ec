import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { en, type Words } from "./en.js";
import { zh } from "./zh.js";

export const LANGUAGES = { en, zh } as const;
export type Language = keyof typeof LANGUAGES;

/** Words, and numbers as the language writes them. */
export class Spoken {
  readonly words: Words;
  private readonly shares: Intl.NumberFormat;

  constructor(readonly language: Language) {
    this.words = LANGUAGES[language];
    this.shares = new Intl.NumberFormat(this.locale, { minimumFractionDigits: 4, maximumFractionDigits: 4 });
  }

  get locale(): string {
    return this.language === "zh" ? "zh-CN" : "en";
  }

  count(number: number): string {
    return new Intl.NumberFormat(this.locale).format(number);
  }

  /** From 0 to 1. */
  score(share: number): string {
    return this.shares.format(share);
  }

  bytes(bytes: number): string {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
    const power = Math.min(3, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
    const options = { style: "unit", unit: units[power], unitDisplay: "short", maximumSignificantDigits: 3 } as const;
    return new Intl.NumberFormat(this.locale, options).format(bytes / 1000 ** power);
  }

  seconds(milliseconds: number): string {
    const options = { style: "unit", unit: "second", unitDisplay: "short", maximumFractionDigits: 2 } as const;
    return new Intl.NumberFormat(this.locale, options).format(milliseconds / 1000);
  }

  moment(milliseconds: number): string {
    return new Intl.DateTimeFormat(this.locale, { dateStyle: "medium", timeStyle: "short" }).format(milliseconds);
  }

  /** A class, where there is a word for it. */
  label(label: string): string {
    return Object.hasOwn(this.words.labels, label) ? this.words.labels[label] : label;
  }
}

const SPOKEN = createContext(new Spoken("en"));
export const SpokenProvider = SPOKEN.Provider;
export const useSpoken = (): Spoken => useContext(SPOKEN);

const STORED = "blindsight-language";

/** As it was chosen here, or the first of the browser's that there is. */
export function firstLanguage(): Language {
  const isKnown = (language: string | null | undefined): language is Language =>
    language != null && Object.hasOwn(LANGUAGES, language);
  const stored = storedLanguage();
  if (isKnown(stored)) return stored;
  return navigator.languages.map((tag) => tag.split("-")[0]).find(isKnown) ?? "en";
}

function storedLanguage(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null; // a browser that stores nothing
  }
}

export function rememberLanguage(language: Language): void {
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // a browser that stores nothing
  }
}
