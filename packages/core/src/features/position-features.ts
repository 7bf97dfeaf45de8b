import type { Position } from '../market/position.js';
import type { Slot } from '../market/slot.js';
import type { FeatureDefinition } from './config.js';
import { Finish } from './finish.js';
import type { FeatureRow } from './row.js';
import type { NumberStep } from './transforms.js';
import { numberSteps } from './number-steps.js';

/** What a strategy may see of its own account at a bar's close, after the fills and the mark of that bar. */
export const POSITION_FIELDS = ['side', 'unrealized_pnl', 'bars_held', 'slots_left'] as const;
/**
 * `side` −1 short, 0 flat, 1 long · `unrealized_pnl` as a fraction of equity · `bars_held` stored bars, 1 at the close of the
 * entry bar, and `slots_left` slots of the session still to come, 0 in the last; both over slots per session. Flat: the
 * first three are 0.
 */
export type PositionField = (typeof POSITION_FIELDS)[number];

/** The position features of one strategy. `row` is reused for every bar. */
export class PositionFeatures {
  readonly row: FeatureRow;
  readonly #fields: readonly PositionField[];
  readonly #steps: readonly (readonly NumberStep[])[];
  readonly #slotsPerSession: number;
  readonly #raw: Float64Array;
  readonly #finish: Finish;

  constructor(
    features: readonly FeatureDefinition[],
    slotsPerSession: number,
    steps: (feature: FeatureDefinition) => readonly NumberStep[] = numberSteps,
  ) {
    const width = features.length;
    this.#slotsPerSession = slotsPerSession;
    this.#fields = features.map(({ source }) => {
      if ('position' in source) return source.position;
      throw new RangeError('a position feature has the source {"position": …}');
    });
    this.#steps = features.map(steps);
    this.#raw = new Float64Array(width);
    this.row = {
      names: features.map((feature) => feature.name),
      values: new Float64Array(width),
      status: new Uint8Array(width),
    };
    const columns = features.map((_, i) => i);
    this.#finish = new Finish(features, columns, new Uint8Array(width), width);
  }

  /** Writes the row for a bar's close. Position features warm up for nothing: they are of the account, not of bars. */
  update(position: Position, slot: Slot): FeatureRow {
    const raw = this.#raw;
    for (let i = 0; i < raw.length; i++) {
      let value = this.#read(this.#fields[i]!, position, slot);
      for (const step of this.#steps[i]!) value = step(value);
      raw[i] = value;
    }
    const { row } = this;
    this.#finish.write(raw, 1, 0, 1, Infinity, undefined, row.values, row.status, 0);
    return row;
  }

  #read(field: PositionField, position: Position, slot: Slot): number {
    if (field === 'slots_left') return (this.#slotsPerSession - 1 - slot.index) / this.#slotsPerSession;
    if (position.side === 'flat') return 0;
    if (field === 'side') return position.side === 'long' ? 1 : -1;
    if (field === 'bars_held') return position.barsHeld / this.#slotsPerSession;
    return position.unrealizedPct / 100;
  }
}
