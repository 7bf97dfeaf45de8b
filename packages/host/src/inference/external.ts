import { externalSeat, type Opinion } from '@signalbox/core';
import type { OpenStrategies } from '../plugins/open.js';
import type { ExternalSignal } from '../stores/postgres/external-signals.js';
import type { StrategyRecord } from '../stores/postgres/strategies.js';

/** All strategies of a desk: those of packages, and those whose signals come from outside, asked like the others. */
export interface Seated extends OpenStrategies {
  isExternal(code: string): boolean;
  /** What has come for the coming bar. */
  deliver(signals: readonly ExternalSignal[]): void;
  /** What was delivered for the bar that is decided upon. */
  delivered(code: string): ExternalSignal | undefined;
}

const NOTHING: Opinion = Object.freeze({
  signal: 'none',
  code: 'unavailable',
  reasoning: 'no signal was delivered for this bar',
});

/** Gives each active strategy without package a seat that answers with what was delivered for the bar. */
export function seatExternal(strategies: OpenStrategies, records: readonly StrategyRecord[]): Seated {
  const external = records.filter((record) => record.package === null && record.active);
  const codes = new Set(external.map(({ code }) => code));
  const outside = external.map(({ code, type }) => externalSeat(code, type));
  let signals: ReadonlyMap<string, ExternalSignal> = new Map();
  return {
    ...strategies,
    get seats() {
      return external.length === 0 ? strategies.seats : [...strategies.seats, ...outside];
    },
    ask: (seat, view) => {
      if (!seat.external) return strategies.ask(seat, view);
      const signal = signals.get(seat.code);
      return signal?.barTime === view.bar.time ? signal.opinion : NOTHING;
    },
    save: (code) => (codes.has(code) ? null : strategies.save(code)),
    isExternal: (code) => codes.has(code),
    deliver: (came) => {
      signals = new Map(came.map((signal) => [signal.code, signal]));
    },
    delivered: (code) => signals.get(code),
  };
}
