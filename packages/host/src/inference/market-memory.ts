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
  type Observation,
  type Seen,
  type Slot,
  type SeriesTable,
  type SymbolBars,
} from '@signalbox/core';
import type { Pool } from 'pg';
import { readBarBatches } from '../stores/postgres/bars.js';
import { storeFeatureRows, type FeatureValues } from '../stores/postgres/feature-values.js';
import { firstRepaired, readSnapshot, repairsSeen, storeSnapshot } from '../stores/postgres/snapshots.js';
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
   * Before a bar is taken: adds other symbols' bars, and rebuilds the state where bars of the past were repaired or came late;
   * the stored features of the bars from there on are made again. Nothing is decided again.
   */
  ready(bar: Bar): Promise<void>;
  /** The same rebuilding, without waiting for the next bar. */
  mend(): Promise<void>;
  /** After a bar was taken: keeps a snapshot at the session's end. */
  taken(bar: Bar): Promise<void>;
}

/** Restores the state after the bar that opened at `through`, from the newest snapshot or from the first stored bar. */
export async function openMarketMemory(
  pool: Pool,
  plan: Plan,
  series: SeriesTable,
  through: number,
): Promise<MarketMemory> {
  const { calendar, features } = plan;
  const { symbol } = plan.instrument;
  const symbols = [symbol, ...features.symbols.filter((other) => other !== symbol)];
  const others = createSymbolBars();
  let seen = await repairsSeen(pool, symbols);
  let last = through;
  let replayed = 0;
  /** The last bar after which a snapshot was kept. */
  let kept = -Infinity;

  const rebuild = async (
    to: number,
    onBar?: (bar: Bar, state: MarketState, slot: Slot, seen: Observation) => void,
  ): Promise<MarketState> => {
    const [state, from] = await restored(pool, plan, series, others, to);
    replayed = 0;
    for await (const batch of readBarBatches(pool, { symbol, from: from + 1, to })) {
      for (const bar of batch) {
        const slot = calendar.slot(bar.time);
        if (!slot) continue; // rows that others stored outside the session count nowhere
        const observed = observe(state, bar, slot);
        replayed++;
        onBar?.(bar, state, slot, observed);
      }
    }
    return state;
  };
  await addOthers(pool, plan, others, through);
  let opened: Seen | null = null;
  let state = await rebuild(through, (bar, _, slot, market) => {
    const { atr14, costBps, suspect, stale } = market;
    opened = { bar, slot, market: { atr14, costBps, suspect, stale } };
  });

  const keep = async (lastBar: number): Promise<void> => {
    if (lastBar === kept || lastBar === -Infinity) return;
    kept = lastBar;
    await storeSnapshot(pool, symbol, symbols, saveMarket(features, state, lastBar), seen);
  };

  const mend = async (): Promise<void> => {
    const repaired = await firstRepaired(pool, symbols, seen);
    if (repaired !== null) {
      seen = await repairsSeen(pool, symbols);
      const rows: FeatureValues[] = [];
      state = await rebuild(last, (past, { features: { row } }) => {
        if (past.time >= repaired) rows.push({ time: past.time, symbol, values: row.values.slice() });
      });
      if (rows.length > 0) await storeFeatureRows(pool, rows, plan.featureHash);
    }
  };

  return {
    mend,
    last: opened,
    get state() {
      return state;
    },
    get replayed() {
      return replayed;
    },
    async ready(bar) {
      await addOthers(pool, plan, others, bar.time);
      await mend();
      // the last bar of the session before was absent
      const before = calendar.slot(last);
      if (before && before.session !== calendar.slot(bar.time)?.session) await keep(last);
    },
    async taken(bar) {
      last = bar.time;
      if (calendar.slot(bar.time)?.last) await keep(bar.time);
    },
  };
}

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

/** Bars of other symbols that features read, up to `to`. */
export async function addOthers(pool: Pool, plan: Plan, others: SymbolBars, to: number): Promise<void> {
  for (const symbol of plan.features.symbols) {
    const from = (others.of(symbol).at(-1)?.time ?? -Infinity) + 1;
    for await (const batch of readBarBatches(pool, { symbol, from, to }))
      for (const bar of batch) others.add(symbol, bar);
  }
}
