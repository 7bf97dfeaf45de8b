import { maxDrawdownPct, ratios, type Instrument, type Ratios } from '@signalbox/core';
import type { StrategyRow } from '../../stores/postgres/reads/strategies.js';
import type { ServiceDependencies } from '../dependencies.js';
import { accountOf, newestBar, windowBack, type Window } from './window.js';

/** As many bars as a window of five years of a 24×7 instrument has. */
const MOST_BARS = 600_000;
const MINIMUM_RETURNS = 10;
export const FEW_RETURNS = `fewer than ${MINIMUM_RETURNS} session returns in the window`;

/** The value of an account, or of one unit of the pair, over a window. */
export interface ValueRecord {
  readonly basis: 'strategy_equity' | 'instrument';
  readonly window: Window;
  /** The window's base, then the value at each completed session's close. */
  readonly closes: readonly number[];
  readonly returns: readonly number[];
  readonly ratios: Ratios;
  /** Positive percents; null without values. */
  readonly maxDrawdown: number | null;
  readonly currentDrawdown: number | null;
  /** Percent a year; null under 10 returns. */
  readonly cagr: number | null;
  /** Values in the window. */
  readonly points: number;
}

/** A strategy's stored equity. */
export async function strategyRecord(
  strategy: StrategyRow,
  instrument: Instrument,
  days: number,
  deps: ServiceDependencies,
): Promise<ValueRecord> {
  const { reads, clock } = deps;
  const account = accountOf(strategy, instrument);
  const now = await reads.lastEquity(account, clock.now());
  const window = windowBack(days, now?.timestamp ?? null, deps);
  const [closes, values, before] = await Promise.all([
    reads.sessionCloses(account, window.sessions),
    reads.equityValues(account, window.from, window.end),
    reads.lastEquity(account, lastCloseUpTo(window.from, deps)),
  ]);
  const path = [before?.equity ?? strategy.initialEquity, ...closes.map(({ equity }) => equity)];
  return recordOf('strategy_equity', window, path, values, now?.drawdownPct ?? null, instrument);
}

/** The price of one unit of the pair, by the bars' closes. */
export async function instrumentRecord(
  instrument: Instrument,
  days: number,
  deps: ServiceDependencies,
  given?: Window,
): Promise<ValueRecord> {
  const { reads, calendar } = deps;
  const window = given ?? windowBack(days, await newestBar(instrument, deps), deps);
  const [closes, bars, before, peak] = await Promise.all([
    reads.sessionPrices(instrument.symbol, window.sessions, window.end, calendar.slotMs),
    // a bar lies in the window when it was complete in it
    reads.bars(instrument.symbol, window.from - calendar.slotMs + 1, window.end - calendar.slotMs, MOST_BARS),
    reads.lastBar(instrument.symbol, lastCloseUpTo(window.from, deps), calendar.slotMs),
    reads.highestClose(instrument.symbol, window.end - calendar.slotMs),
  ]);
  const values = bars.map(({ close }) => close);
  const last = values.at(-1);
  const base = before?.close ?? closes[0]?.firstOpen ?? bars[0]?.open;
  const current = last === undefined || peak === null ? null : maxDrawdownPct(peak, [last]);
  const path = base === undefined ? [] : [base, ...closes.map(({ lastClose }) => lastClose)];
  return recordOf('instrument', window, path, values, current, instrument);
}

function recordOf(
  basis: ValueRecord['basis'],
  window: Window,
  closes: readonly number[],
  values: readonly number[],
  currentDrawdown: number | null,
  { sessionsPerYear }: Instrument,
): ValueRecord {
  const [base] = closes;
  const maxDrawdown = values.length === 0 || base === undefined ? null : maxDrawdownPct(base, values);
  const figures = ratios(closes, { periodsPerYear: sessionsPerYear, maxDrawdownPct: maxDrawdown });
  const { n } = figures;
  const sound = n >= MINIMUM_RETURNS && closes.every((close) => close > 0);
  return {
    basis,
    window,
    closes,
    returns: closes.slice(1).map((close, i) => close / closes[i]! - 1),
    ratios: figures,
    maxDrawdown,
    currentDrawdown,
    cagr: sound ? ((closes[n]! / base!) ** (sessionsPerYear / n) - 1) * 100 : null,
    points: values.length,
  };
}

/** End of the last session that is over at a time; before the calendar's first session nothing is. */
function lastCloseUpTo(time: number, { calendar }: ServiceDependencies): number {
  const date = calendar.sessionDate(time);
  const today = calendar.sessionClose(date);
  if (today !== undefined && today <= time) return today;
  try {
    return calendar.sessionClose(calendar.previousSessionDay(date))!;
  } catch {
    return -Infinity;
  }
}
