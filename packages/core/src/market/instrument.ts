/** What is traded. Everything that differs between markets is data here or in the calendar that it names. */
export interface Instrument {
  /** `BASE/QUOTE`, e.g. `USD/COP`. */
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  /** Smallest price step, in quote currency. */
  readonly tick: number;
  /** Id of the trading calendar. */
  readonly calendar: string;
  /** Sessions in a year: the N of every annualised ratio. */
  readonly sessionsPerYear: number;
}

/** US dollars against Colombian pesos, the default. */
export const USD_COP: Instrument = /* @__PURE__ */ Object.freeze({
  symbol: 'USD/COP',
  base: 'USD',
  quote: 'COP',
  tick: 0.01,
  calendar: 'usdcop',
  sessionsPerYear: 245,
});
