import type { FeatureDefinition, Normalisation } from './config.js';

// an enum, because a bundler makes variables of a module's constants, to be read for every value
const enum Status {
  Present,
  WarmingUp,
  Missing,
}

export const WARMING_UP = Status.WarmingUp;
export const MISSING = Status.Missing;

/** The last step of some features: from raw numbers to values with a status. Warm-up, missing, normalise, then clip. */
export class Finish {
  readonly #width: number;
  readonly #columns: Int32Array;
  readonly #stableAfter: Int32Array;
  /** 1 where the missing-gap rule hides a value. */
  readonly #recursive: Uint8Array;
  /** Per feature, four numbers: normalised = (value − shift) / scale, then within low … high. */
  readonly #norms: Float64Array;

  /** `columns`: where the features lie in a row of `width`. */
  constructor(
    features: readonly FeatureDefinition[],
    columns: readonly number[],
    recursive: Uint8Array,
    width: number,
  ) {
    this.#width = width;
    this.#columns = Int32Array.from(columns);
    this.#stableAfter = Int32Array.from(features, (feature) => feature.stable_after);
    this.#recursive = recursive;
    this.#norms = Float64Array.from(features.flatMap(({ normalisation }) => shiftScaleClip(normalisation)));
  }

  /**
   * Takes one raw number a bar, `raw[feature * stride + bar]`, of bars `from` to before `to`, and writes rows from number
   * `row` on. `before` stored bars precede the first bar; `wide` is 1 for bars with too many absent slots behind them,
   * undefined where there are none.
   */
  write(
    raw: Float64Array,
    stride: number,
    from: number,
    to: number,
    before: number,
    wide: Uint8Array | undefined,
    values: Float64Array,
    status: Uint8Array,
    row: number,
  ): void {
    const width = this.#width;
    const columns = this.#columns;
    const norms = this.#norms;
    for (let feature = 0; feature < columns.length; feature++) {
      const stable = from + this.#stableAfter[feature]! - before;
      const hides = wide !== undefined && this.#recursive[feature] === 1;
      const shift = norms[feature * 4]!;
      const scale = norms[feature * 4 + 1]!;
      const low = norms[feature * 4 + 2]!;
      const high = norms[feature * 4 + 3]!;
      const plain = shift === 0 && scale === 1;
      const column = feature * stride;
      for (let i = from, at = row * width + columns[feature]!; i < to; i++, at += width) {
        const value = raw[column + i]!;
        if (i < stable) {
          values[at] = NaN;
          status[at] = Status.WarmingUp;
          // NaN and ±Infinity alike, before the clip could make a number of an infinite value
        } else if (value - value !== 0 || (hides && wide[i] !== 0)) {
          values[at] = NaN;
          status[at] = Status.Missing;
        } else {
          const scaled = plain ? value : (value - shift) / scale;
          // + 0 turns −0 into 0
          values[at] = (scaled < low ? low : scaled > high ? high : scaled) + 0;
          status[at] = Status.Present;
        }
      }
    }
  }
}

function shiftScaleClip(normalisation: Normalisation): [number, number, number, number] {
  const [low, high] = normalisation.clip ?? [-Infinity, Infinity];
  if (normalisation.kind === 'range') return [normalisation.min, normalisation.max - normalisation.min, low, high];
  if (normalisation.kind === 'z_score') return [normalisation.mean, normalisation.sd, low, high];
  return [0, 1, low, high];
}
