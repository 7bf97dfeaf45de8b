import { SignalboxError } from './errors.js';
import type { FeaturePlan } from './features/engine.js';
import type { SeriesTable } from './features/series.js';
import type { SymbolBars } from './features/symbol-bars.js';
import { openMarket, type MarketState } from './market-state.js';
import type { Calendar } from './market/calendar.js';
import { StateReader, StateWriter } from './market/saved-state.js';

/** Raised when the order or meaning of the numbers changes: older snapshots are then of no use. */
const FORMAT = 2;

/** The market's state after a bar, as plain data: structured clones and copies of the bytes keep it to the bit. */
export interface MarketSnapshot {
  /** What it belongs to: features, calendar and layout. Another fingerprint cannot take it. */
  readonly fingerprint: string;
  /** Open time of the last bar that it has seen. */
  readonly lastBar: number;
  readonly numbers: Float64Array;
}

/** What a snapshot of this plan is marked with. */
export function snapshotFingerprint(plan: FeaturePlan): string {
  return `${FORMAT}:${plan.fingerprint}`;
}

/** Keeps what the features, the volatility rank, the price checks and the costs remember after the bar that opened at `lastBar`. */
export function saveMarket(plan: FeaturePlan, state: MarketState, lastBar: number): MarketSnapshot {
  const to = new StateWriter();
  state.features.save(to);
  state.volatility.save(to);
  state.quality.save(to);
  to.number(state.costBps);
  return { fingerprint: snapshotFingerprint(plan), lastBar, numbers: to.done() };
}

/**
 * The state as it was saved: it goes on with the bar after `snapshot.lastBar`, to the bit. Series and other symbols' bars
 * are not part of a snapshot; they are read again from the tables.
 *
 * @throws SignalboxError SNAPSHOT_UNUSABLE for one of other features, another calendar or another layout, or one cut off
 */
export function restoreMarket(
  plan: FeaturePlan,
  series: SeriesTable,
  calendar: Calendar,
  snapshot: MarketSnapshot,
  others?: SymbolBars,
): MarketState {
  const unusable = (why: string): SignalboxError =>
    new SignalboxError(
      'SNAPSHOT_UNUSABLE',
      `the snapshot of bar ${new Date(snapshot.lastBar).toISOString()} cannot be used: ${why}`,
      'Leave it out and run the bars again from the first one.',
    );
  if (snapshot.fingerprint !== snapshotFingerprint(plan)) throw unusable('it belongs to other features');
  const state = openMarket(plan, series, calendar, others);
  const from = new StateReader(snapshot.numbers);
  try {
    state.features.restore(from);
    state.volatility.restore(from);
    state.quality.restore(from);
    state.costBps = from.number();
    from.end();
  } catch (error) {
    throw unusable((error as Error).message);
  }
  return state;
}
