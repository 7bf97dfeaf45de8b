import type { Bar } from '../market/bar.js';

/** What `data/STATS.md` states of USD/COP, measured on sessions of bars. Returns are log returns between closes. */
export interface BarStatistics {
  /** Standard deviation and mean |r| inside sessions, bp. */
  readonly barSdBps: number;
  readonly meanAbsBps: number;
  /** Last close to the close of the next session's first bar, bp. */
  readonly overnightSdBps: number;
  /** Close of the first bar to the last close, bp. */
  readonly intradaySdBps: number;
  readonly closeToCloseSdBps: number;
  /** Mean |r| of the session's second bar over the session's mean. */
  readonly openingRatio: number;
  /** Mean |r| of every bar but the first, relative to their mean. */
  readonly profile: readonly number[];
  /** Autocorrelation inside sessions of r and |r|, lag k at k − 1. */
  readonly acf: readonly number[];
  readonly acfAbs: readonly number[];
  readonly excessKurtosis: number;
  readonly medianRangeBps: number;
  /** Mean range over mean |close − open|. */
  readonly rangeToBody: number;
  /** Share of bars that open at the close before. */
  readonly openEqualShare: number;
  /** Standard deviation and lag-1 autocorrelation of the log of realised session volatility. */
  readonly logVolatilitySd: number;
  readonly logVolatilityAcf: number;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const sd = (values: readonly number[]): number => {
  const m = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - m) ** 2)));
};
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** Autocorrelation of series that are not joined to each other. */
function autocorrelation(series: readonly (readonly number[])[], lag: number): number {
  const m = mean(series.flat());
  let above = 0;
  let below = 0;
  let pairs = 0;
  let count = 0;
  for (const values of series) {
    for (let i = 0; i < values.length; i++) {
      below += (values[i]! - m) ** 2;
      count++;
      if (i < lag) continue;
      above += (values[i]! - m) * (values[i - lag]! - m);
      pairs++;
    }
  }
  return above / pairs / (below / count);
}

/** Statistics of complete sessions of equal length. */
export function barStatistics(sessions: readonly (readonly Bar[])[], lags = 6): BarStatistics {
  const inside = sessions.map((bars) => bars.slice(1).map((bar, i) => Math.log(bar.close / bars[i]!.close)));
  const absolute = inside.map((returns) => returns.map(Math.abs));
  const all = inside.flat();
  const closes = sessions.map((bars) => bars.at(-1)!.close);
  const overnight = sessions.slice(1).map((bars, i) => Math.log(bars[0]!.close / closes[i]!));
  const meanAbs = mean(absolute.flat());
  const profile = inside[0]!.map((_, place) => mean(absolute.map((returns) => returns[place]!)) / meanAbs);
  const bars = sessions.flat();
  const ranges = bars.map((bar) => Math.log(bar.high / bar.low));
  const logVolatility = inside.map((returns) => Math.log(Math.sqrt(returns.reduce((sum, r) => sum + r * r, 0))));
  const centre = mean(all);
  return {
    barSdBps: sd(all) * 1e4,
    meanAbsBps: meanAbs * 1e4,
    overnightSdBps: sd(overnight) * 1e4,
    intradaySdBps: sd(sessions.map((session) => Math.log(session.at(-1)!.close / session[0]!.close))) * 1e4,
    closeToCloseSdBps: sd(closes.slice(1).map((close, i) => Math.log(close / closes[i]!))) * 1e4,
    openingRatio: profile[0]!,
    profile,
    acf: Array.from({ length: lags }, (_, i) => autocorrelation(inside, i + 1)),
    acfAbs: Array.from({ length: lags }, (_, i) => autocorrelation(absolute, i + 1)),
    excessKurtosis: mean(all.map((r) => (r - centre) ** 4)) / sd(all) ** 4 - 3,
    medianRangeBps: median(ranges) * 1e4,
    rangeToBody: mean(ranges) / mean(bars.map((bar) => Math.abs(Math.log(bar.close / bar.open)))),
    openEqualShare: mean(
      sessions.flatMap((session) => session.slice(1).map((bar, i) => (bar.open === session[i]!.close ? 1 : 0))),
    ),
    logVolatilitySd: sd(logVolatility),
    logVolatilityAcf: autocorrelation([logVolatility], 1),
  };
}
