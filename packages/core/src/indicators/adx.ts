import { FADED } from './faded.js';

// an enum, because a bundler makes variables of a module's constants, to be read for every bar
const enum State {
  Bars,
  High,
  Low,
  Plus,
  Minus,
  Index,
}

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
  readonly #high = new Float64Array(1);
  readonly #low = new Float64Array(1);

  constructor(period: number) {
    this.#period = period;
    this.#weight = 1 / period;
  }

  push(high: number, low: number): number {
    const one = this.#high;
    one[0] = high;
    this.#low[0] = low;
    this.run(one, this.#low, 0, 1, one);
    return one[0]!;
  }

  /** `push` for bars `from` to before `to`, each value written at its bar's place. */
  run(highs: Float64Array, lows: Float64Array, from: number, to: number, out: Float64Array): void {
    const state = this.state;
    const period = this.#period;
    const weight = this.#weight;
    const faded = FADED;
    const last = 2 * period - 1;
    let bars = state[State.Bars]!;
    // both are read for every run: what V8 has not seen happen it compiles as an exit, and the next stream would take it
    const highFirst = highs[from]!;
    const lowFirst = lows[from]!;
    const highLast = state[State.High]!;
    const lowLast = state[State.Low]!;
    let highBefore = bars === 0 ? highFirst : highLast;
    let lowBefore = bars === 0 ? lowFirst : lowLast;
    let plus = state[State.Plus]!;
    let minus = state[State.Minus]!;
    let index = state[State.Index]!;
    for (let i = from; i < to; i++) {
      const high = highs[i]!;
      const low = lows[i]!;
      const up = high - highBefore;
      const down = lowBefore - low;
      highBefore = high;
      lowBefore = low;
      if (bars >= period && plus + minus > faded) {
        plus -= plus * weight;
        minus -= minus * weight;
      }
      // the larger of the two moves counts where it is positive, neither when they are equal; max(move, 0) without a branch
      const rise = (up + Math.abs(up)) / 2;
      const fall = (down + Math.abs(down)) / 2;
      plus += rise * Number(rise > fall);
      minus += fall * Number(fall > rise);
      const moved = plus + minus;
      if (bars >= period && moved > 0) {
        const dx = (100 * Math.abs(plus - minus)) / moved;
        if (bars <= last) index += dx * weight;
        else index += (dx - index) * weight;
      }
      out[i] = bars < last || moved === 0 ? NaN : index;
      bars++;
    }
    state[State.Bars] = bars;
    state[State.High] = highBefore;
    state[State.Low] = lowBefore;
    state[State.Plus] = plus;
    state[State.Minus] = minus;
    state[State.Index] = index;
  }
}
