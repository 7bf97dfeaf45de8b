import { observe, openMarket, SignalboxError, type TrainingRequest } from '@signalbox/core';
import type { Tape } from '../tape.js';

/** Takes all bars through the market's part of the pipeline once, and keeps what it said. */
export function recordTape({ instrument, calendar, features, series, bars, others }: TrainingRequest): Tape {
  const market = openMarket(features, series, calendar, others);
  const width = features.names.length;
  const firstCostBps = market.costBps;
  const values = new Float64Array(bars.length * width);
  const status = new Uint8Array(bars.length * width);
  const [atr14, volatilityRank, costBps] = [0, 1, 2].map(() => new Float64Array(bars.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const quality = new Uint8Array(bars.length);
  const sessions: number[] = [];
  const slots = bars.map((bar, i) => {
    const slot = calendar.slot(bar.time);
    if (!slot)
      throw new SignalboxError(
        'PARAMETER_INVALID',
        `the bar ${new Date(bar.time).toISOString()} lies outside the sessions of ${calendar.id}`,
        'Give accepted bars only.',
      );
    const seen = observe(market, bar, slot);
    values.set(seen.features.values, i * width);
    status.set(seen.features.status, i * width);
    atr14[i] = seen.atr14;
    volatilityRank[i] = seen.volatilityRank;
    costBps[i] = seen.costBps;
    quality[i] = (seen.stale ? 1 : 0) + (seen.suspect ? 2 : 0);
    return slot;
  });
  slots.forEach((slot, i) => {
    if (i === 0 || slot.session !== slots[i - 1]!.session) sessions.push(i);
  });
  sessions.push(bars.length);
  return {
    instrument,
    slotMs: calendar.slotMs,
    slotsPerSession: calendar.slotsPerSession,
    bars,
    slots,
    names: features.names,
    values,
    status,
    atr14,
    volatilityRank,
    costBps,
    quality,
    firstCostBps,
    sessions,
  };
}
