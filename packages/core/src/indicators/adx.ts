const BARS = 0;
const HIGH = 1;
const LOW = 2;
const PLUS = 3;
const MINUS = 4;
const INDEX = 5;

/**
 * Average directional index, 0–100, with Wilder's smoothing (New Concepts in Technical Trading Systems, 1978); TA-Lib's
 * numbers from the same first bar. The first value comes with bar `2 · period`. The smoothed true range divides both
 * directional indicators and so cancels out of DX. NaN where TA-Lib says 0 because nothing has moved in any direction since
 * the first bar; a quote that freezes later keeps its DX.
 */
export class Adx {
  static readonly version = 1;
  /** Everything that a snapshot has to keep. */
  readonly state = new Float64Array(6);
  readonly #period: number;
  readonly #weight: number;

  constructor(period: number) {
    this.#period = period;
    this.#weight = 1 / period;
  }

  push(high: number, low: number): number {
    const state = this.state;
    const bars = state[BARS]!;
    const up = high - state[HIGH]!;
    const down = state[LOW]! - low;
    state[BARS] = bars + 1;
    state[HIGH] = high;
    state[LOW] = low;
    if (bars === 0) return NaN;

    let plus = state[PLUS]!;
    let minus = state[MINUS]!;
    if (bars >= this.#period) {
      plus -= plus * this.#weight;
      minus -= minus * this.#weight;
    }
    // the larger of the two moves counts where it is positive, neither when they are equal; max(move, 0) without a branch
    const rise = (up + Math.abs(up)) / 2;
    const fall = (down + Math.abs(down)) / 2;
    plus += rise * Number(rise > fall);
    minus += fall * Number(fall > rise);
    state[PLUS] = plus;
    state[MINUS] = minus;
    if (bars < this.#period) return NaN;

    let index = state[INDEX]!;
    const moved = plus + minus;
    const last = 2 * this.#period - 1;
    if (moved > 0) {
      const dx = (100 * Math.abs(plus - minus)) / moved;
      if (bars <= last) index += dx * this.#weight;
      else index += (dx - index) * this.#weight;
      state[INDEX] = index;
    }
    return bars < last || moved === 0 ? NaN : index;
  }
}
