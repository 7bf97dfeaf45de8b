/**
 * Statistics of USD/COP 2020-01 … 2025-06 and of the macro series beside it, from which the simulator draws. They are
 * estimates over the whole sample, not rows of it. Returns are log returns; 1 bp = 1e-4.
 */
export const MARKET_STATISTICS = Object.freeze({
  /** Standard deviation of a five-minute return inside a session (9.54 bp), before the caps on bursts and tails take 2 % off. */
  barSd: 9.75e-4,
  /** Last close to the open of the first bar, over one night and over a weekend or holiday. */
  nightSd: 29e-4,
  weekendSd: 55e-4,
  /** Open to close of a session's first bar. */
  firstBarSd: 27.0e-4,
  /** Log session volatility: regression on its last value, mean of five and mean of 22 (HAR), and its innovation. */
  har: { day: 0.42, week: 0.18, month: 0.02, innovationSd: 0.31, stationaryVariance: 0.13 },
  /** Log volatility inside a session: what is left of a burst after one bar, and its standard deviation. */
  burst: { persistence: 0.5, sd: 0.6 },
  /** Degrees of freedom of the innovations of bars and of nights. */
  barTail: 5,
  nightTail: 5,
  /** Open against the previous close inside a session: share of exact equals, and the log-normal size (bp) of the others. */
  openGap: { equalShare: 0.21, logMean: -0.494, logSd: 1.395 },
  /** Scale of the excursions beyond open and close, relative to the bar's standard deviation. */
  wick: 0.7,
});

/**
 * Mean |r| of the bar at each place of the session relative to the session's mean, from the second five-minute bar on (the
 * first is the night's). High at the open, no peak at the close.
 */
// prettier-ignore
export const VOLATILITY_PROFILE: readonly number[] = Object.freeze([
  2.0845, 1.7816, 1.4457, 1.4296, 1.3347, 1.4601, 1.3887, 1.2388, 1.2035, 1.1335, 1.1026, 1.0583, 0.9933, 0.9851, 1.0372,
  1.0157, 0.9631, 0.9793, 0.9666, 0.968, 0.9539, 0.9495, 0.9869, 0.9633, 0.9523, 0.9245, 0.9099, 0.8484, 0.8545, 0.9474,
  0.9307, 0.922, 0.919, 0.8908, 0.9037, 0.9024, 0.8585, 0.8734, 0.8729, 0.8667, 0.8791, 0.9139, 0.8782, 0.8482, 0.8547,
  0.8241, 0.8354, 0.8375, 0.8606, 0.816, 0.8271, 0.8057, 0.8323, 0.8549, 0.8415, 0.7909, 0.8661, 0.8842, 0.9491,
]);

/** A daily series as the simulator makes it. */
export interface MacroStatistics {
  /** Long-run level, in the series' unit, around which it is drawn. */
  readonly level: number;
  /** Standard deviation of the daily change: log for prices and indices, points for rates. */
  readonly changeSd: number;
  readonly change: 'log' | 'points';
  /** Share of the distance from its level that a day takes back. */
  readonly reversion: number;
  /** Correlation of its change of day D with the session's return of D, and with the night after D. */
  readonly session: number;
  readonly night: number;
  /** No observation on days without a session: a series of the instrument's home market. */
  readonly home: boolean;
}

const series = (
  level: number,
  changeSd: number,
  change: 'log' | 'points',
  reversion: number,
  session: number,
  night: number,
  home = false,
): MacroStatistics => ({ level, changeSd, change, reversion, session, night, home });

/** The daily market series, in the order of `MACRO_CORRELATION`. */
export const MACRO_STATISTICS: Readonly<Record<string, MacroStatistics>> = Object.freeze({
  dxy: series(100.2, 0.00445, 'log', 0.003, 0.253, 0.035),
  vix: series(20.2, 0.079, 'log', 0.026, 0.128, 0.14),
  embi: series(316, 0.02455, 'log', 0.008, 0.225, 0.194),
  brent: series(74, 0.02728, 'log', 0.005, -0.153, -0.186),
  wti: series(70, 0.03, 'log', 0.005, -0.126, -0.138),
  gold: series(2000, 0.01059, 'log', 0.003, -0.167, -0.039),
  coffee: series(190, 0.02274, 'log', 0.004, -0.081, -0.054),
  colcap: series(1320, 0.01429, 'log', 0.007, -0.126, -0.127, true),
  usdmxn: series(19.5, 0.00816, 'log', 0.005, 0.309, 0.171),
  usdclp: series(850, 0.00926, 'log', 0.005, 0.33, 0.139),
  col10y: series(9.9, 0.15075, 'points', 0.005, 0.288, 0.145, true),
  col5y: series(9.2, 0.14574, 'points', 0.005, 0.309, 0.147, true),
  ust10y: series(3.4, 0.06262, 'points', 0.004, 0.053, 0.006),
  ust2y: series(3.5, 0.06339, 'points', 0.004, 0.047, 0.004),
});

/** Correlation of the daily changes: lower triangle, diagonal left out. */
// prettier-ignore
export const MACRO_CORRELATION: readonly (readonly number[])[] = Object.freeze([
  [],
  [0.11],
  [0.12, 0.38],
  [-0.05, -0.21, -0.29],
  [-0.06, -0.2, -0.29, 0.93],
  [-0.4, -0.04, -0.09, 0.15, 0.17],
  [-0.1, -0.09, -0.04, 0.13, 0.12, 0.14],
  [-0.15, -0.32, -0.46, 0.35, 0.37, 0.14, 0.08],
  [0.34, 0.43, 0.38, -0.18, -0.18, -0.14, -0.07, -0.36],
  [0.38, 0.25, 0.25, -0.18, -0.17, -0.2, -0.13, -0.23, 0.39],
  [0.26, 0.19, 0.37, -0.05, -0.08, -0.19, -0.06, -0.24, 0.3, 0.25],
  [0.26, 0.2, 0.33, -0.07, -0.09, -0.22, -0.09, -0.22, 0.26, 0.26, 0.85],
  [0.3, -0.09, -0.22, 0.16, 0.16, -0.25, 0.03, 0.08, 0.02, 0.06, 0.25, 0.28],
  [0.36, -0.1, -0.15, 0.11, 0.1, -0.26, 0, 0.06, 0.02, 0.09, 0.22, 0.27, 0.78],
]);
