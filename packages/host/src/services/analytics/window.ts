import type { Instrument } from '@signalbox/core';
import type { ServiceDependencies } from '../dependencies.js';
import type { Account } from '../../stores/postgres/reads/equity.js';
import type { StrategyRow } from '../../stores/postgres/reads/strategies.js';
import { chosen, instrumentOf, iso } from '../respond.js';

export const DAY = 86_400_000;
/** The run that this API answers from. */
export const LIVE = 'live';

export interface SessionSpan {
  readonly open: number;
  readonly close: number;
}

/** The part of the record that a question is about: (`from`, `end`], epoch milliseconds. */
export interface Window {
  readonly from: number;
  /** Completion of the newest stored row; null without any. */
  readonly newest: number | null;
  /** Completion of the newest row, or now where there is none. */
  readonly end: number;
  /** Sessions that ended in the window and are over now. */
  readonly sessions: readonly SessionSpan[];
}

/** Completion of the newest stored bar. */
export async function newestBar({ symbol }: Instrument, deps: ServiceDependencies): Promise<number | null> {
  const bar = await deps.reads.lastBar(symbol, deps.clock.now(), deps.calendar.slotMs);
  return bar ? bar.time + deps.calendar.slotMs : null;
}

/** `days` calendar days back from the newest row. */
export function windowBack(days: number, newest: number | null, { calendar, clock }: ServiceDependencies): Window {
  const now = clock.now();
  const end = newest ?? now;
  const from = end - days * DAY;
  const sessions =
    newest === null
      ? []
      : calendar
          .sessionsBetween(calendar.sessionDate(from), calendar.sessionDate(end))
          .map((date) => ({ open: calendar.sessionOpen(date)!, close: calendar.sessionClose(date)! }))
          .filter(({ close }) => close > from && close <= now);
  return { from, newest, end, sessions };
}

/** The strategy that a question names. @throws STRATEGY_UNKNOWN */
export async function strategyOf(code: string, { reads }: ServiceDependencies): Promise<StrategyRow> {
  return chosen(await reads.strategies(), code)[0]!;
}

/** The strategies of a question that may name one: those that are active when it names none. @throws STRATEGY_UNKNOWN */
export async function strategiesOf(
  code: string | undefined,
  { reads }: ServiceDependencies,
): Promise<readonly StrategyRow[]> {
  const all = await reads.strategies();
  return code === undefined ? all.filter(({ isActive }) => isActive) : chosen(all, code);
}

export const accountOf = ({ id }: StrategyRow, { symbol }: Instrument): Account => ({
  runId: LIVE,
  strategyId: id,
  symbol,
});

/** The head and tail that every answer has. */
export function frame(
  symbol: string | undefined,
  days: number,
  deps: ServiceDependencies,
): { readonly instrument: Instrument; readonly head: (points: number) => Head; readonly simulated: boolean } {
  const instrument = instrumentOf(symbol, deps);
  return {
    instrument,
    head: (data_points) => ({
      symbol: instrument.symbol,
      period_days: days,
      data_points,
      timestamp: iso(deps.clock.now()),
    }),
    simulated: deps.world === 'simulated',
  };
}

interface Head {
  readonly symbol: string;
  readonly period_days: number;
  readonly data_points: number;
  readonly timestamp: string;
}
