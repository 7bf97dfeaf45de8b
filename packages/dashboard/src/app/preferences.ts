import type { Theme } from '../charts/palette.js';
import type { Unit } from '../charts/equity-view.js';

/** What a person has chosen on this machine. `system` follows the operating system. */
export interface Preferences {
  readonly theme: Theme | 'system';
  readonly hidden: readonly string[];
  readonly unit: Unit;
  readonly tab: BookTab;
  /** The newest alert that was looked at. */
  readonly seenAlert: number;
}

export const BOOK_TABS = ['positions', 'risk', 'alerts'] as const;
export type BookTab = (typeof BOOK_TABS)[number];

const KEY = 'signalbox.page';
const DEFAULTS: Preferences = { theme: 'system', hidden: [], unit: 'percent', tab: 'positions', seenAlert: 0 };

/** Reads stored choices; what is not understood is the default. */
export function parsePreferences(text: string | null): Preferences {
  try {
    const raw = JSON.parse(text ?? '{}') as Partial<Record<keyof Preferences, unknown>>;
    return {
      theme: raw.theme === 'light' || raw.theme === 'dark' ? raw.theme : DEFAULTS.theme,
      hidden: Array.isArray(raw.hidden) ? raw.hidden.filter((code) => typeof code === 'string') : DEFAULTS.hidden,
      unit: raw.unit === 'usd' || raw.unit === 'percent' ? raw.unit : DEFAULTS.unit,
      tab: BOOK_TABS.find((tab) => tab === raw.tab) ?? DEFAULTS.tab,
      seenAlert: Number.isSafeInteger(raw.seenAlert) ? (raw.seenAlert as number) : DEFAULTS.seenAlert,
    };
  } catch {
    return DEFAULTS;
  }
}

export function loadPreferences(): Preferences {
  try {
    return parsePreferences(localStorage.getItem(KEY));
  } catch {
    return DEFAULTS; // storage may be forbidden
  }
}

export function savePreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // the choice then lasts as long as the page
  }
}
