import {
  isSignalboxError,
  observe,
  openMarket,
  restoreMarket,
  saveMarket,
  snapshotFingerprint,
  createSymbolBars,
  type Bar,
  type MarketState,
  type Seen,
  type SeriesTable,
  type SymbolBars,
} from '@signalbox/core';
import type { Pool } from 'pg';
import { readBarBatches } from '../stores/postgres/bars.js';
import { storeFeatureRows, type FeatureValues } from '../stores/postgres/feature-values.js';
import { storeMended, takeBars, type TakenBars } from '../stores/postgres/market-progress.js';
import { readSnapshot, storeSnapshot } from '../stores/postgres/snapshots.js';
import type { Plan } from './plan.js';

/** The market's state of one symbol between restarts: from the newest snapshot on, kept at each session's end. */
export interface MarketMemory {
  /** Made anew after a repair: read it for each bar. */
  readonly state: MarketState;
  /** The bar that it was opened after, and what was known at it; null when a snapshot was taken at that very bar. */
  readonly last: Seen | null;
  /** Bars that were replayed to get here. */
  readonly replayed: number;
  /**
   * Before a bar is taken: adds other symbols' bars up to `to` (this bar; the last one of a batch), and rebuilds the state where
   * bars of the past were repaired, came late or went, of this symbol or of another that features read; the stored features of
   * the bars from there on are made again. Nothing is decided again. Answers with the bar as it is stored at this instant.
   */
  ready(bar: Bar, to?: number): Promise<Bar>;
  /** The same rebuilding, without waiting for the next bar. */
  mend(): Promise<void>;
  /** After a bar was taken: keeps a snapshot at the session's end. */
  taken(bar: Bar): Promise<void>;
}

/**
 * Restores the state after the bar that opened at `through`, from the newest snapshot or from the first stored bar. What was
 * repaired while no host ran is made good in the stored features.
 */
export async function openMarketMemory(
  pool: Pool,
  plan: Plan,
  series: SeriesTable,
  through: number,
): Promise<MarketMemory> {
  const { calendar, features } = plan;
  const { symbol } = plan.instrument;
  const symbols = [symbol, ...features.symbols.filter((other) => other !== symbol)];
  const take = (first: number, to: number, seen: string | null) =>
    takeBars(pool, { symbol, others: features.symbols, last, first, to, seen });
  let others = createSymbolBars();
  let last = through;
  let replayed = 0;
  /** The last bar after which a snapshot was kept. */
  let kept = -Infinity;
  let opened: Seen | null = null;

  /** The state after `last`, from a snapshot of before `changed`; the features of bars from there on are stored again. */
  const rebuild = async (changed: number): Promise<MarketState> => {
    const [fresh, from] = await restored(pool, plan, series, others, Math.min(last, changed - 1));
    const rows: FeatureValues[] = [];
    replayed = 0;
    for await (const batch of readBarBatches(pool, { symbol, from: from + 1, to: last })) {
      for (const bar of batch) {
        const slot = calendar.slot(bar.time);
        if (!slot) continue; // rows that others stored outside the session count nowhere
        const { atr14, costBps, suspect, stale, features: made } = observe(fresh, bar, slot);
        replayed++;
        if (bar.time === through) opened = { bar, slot, market: { atr14, costBps, suspect, stale } };
        if (bar.time >= changed) rows.push({ time: bar.time, symbol, values: made.values.slice() });
      }
    }
    if (rows.length > 0) await storeFeatureRows(pool, rows, plan.featureHash);
    return fresh;
  };

  const begun = await take(through, through, null);
  let { seen } = begun;
  await addOthers(pool, plan, others, through);
  let state = await rebuild(begun.changed ?? Infinity);
  if (begun.changed !== null) await storeMended(pool, symbol, seen);

  const keep = async (lastBar: number): Promise<void> => {
    if (lastBar === kept || lastBar === -Infinity) return;
    kept = lastBar;
    await storeSnapshot(pool, symbol, symbols, saveMarket(features, state, lastBar), seen);
  };

  const mend = async (found: TakenBars): Promise<void> => {
    ({ seen } = found);
    const { changed } = found;
    if (changed === null) return;
    const before = others;
    others = createSymbolBars();
    for (const other of features.symbols)
      for (const bar of before.of(other)) if (bar.time < changed) others.add(other, bar);
    await addOthers(pool, plan, others, last, changed);
    kept = -Infinity;
    state = await rebuild(changed);
    await storeMended(pool, symbol, seen);
  };

  return {
    mend: async () => mend(await take(last, last, seen)),
    last: opened,
    get state() {
      return state;
    },
    get replayed() {
      return replayed;
    },
    async ready(bar, to = bar.time) {
      const found = await take(bar.time, to, seen);
      await mend(found);
      for (const other of found.others) others.add(other.symbol, other);
      // the last bar of the session before was absent
      const before = calendar.slot(last);
      if (before && before.session !== calendar.slot(bar.time)?.session) await keep(last);
      let stored: Bar = bar;
      for (const own of found.own) {
        if (own.time === bar.time) stored = sameBar(own, bar) ? bar : { ...bar, ...own };
        else await pass(own);
      }
      return stored;
    },
    async taken(bar) {
      last = bar.time;
      if (calendar.slot(bar.time)?.last) await keep(bar.time);
    },
  };

  /** A bar that nobody is asked about: it was given up before it was there. */
  async function pass(bar: Bar): Promise<void> {
    const slot = calendar.slot(bar.time);
    if (!slot) return;
    const { features: made } = observe(state, bar, slot);
    await storeFeatureRows(pool, [{ time: bar.time, symbol, values: made.values.slice() }], plan.featureHash);
    last = bar.time;
    if (slot.last) await keep(last);
  }
}

const sameBar = (a: Bar, b: Bar): boolean =>
  a.open === b.open && a.high === b.high && a.low === b.low && a.close === b.close && a.volume === b.volume;

async function restored(
  pool: Pool,
  plan: Plan,
  series: SeriesTable,
  others: SymbolBars,
  through: number,
): Promise<[MarketState, number]> {
  const { features, calendar, instrument } = plan;
  const snapshot = await readSnapshot(pool, instrument.symbol, snapshotFingerprint(features), through);
  if (snapshot) {
    try {
      return [restoreMarket(features, series, calendar, snapshot, others), snapshot.lastBar];
    } catch (error) {
      // one of another version: all bars again
      if (!isSignalboxError(error) || error.code !== 'SNAPSHOT_UNUSABLE') throw error;
    }
  }
  return [openMarket(features, series, calendar, others), -Infinity];
}

/** Bars of other symbols that features read, from `from` up to `to`. */
export async function addOthers(
  pool: Pool,
  plan: Plan,
  others: SymbolBars,
  to: number,
  from = -Infinity,
): Promise<void> {
  for (const symbol of plan.features.symbols) {
    for await (const batch of readBarBatches(pool, { symbol, from, to }))
      for (const bar of batch) others.add(symbol, bar);
  }
}
