import { FADED } from './faded.js';

// an enum, because a bundler makes variables of a module's constants, to be read for every bar
const enum State {
  Bars,
  Close,
  Gain,
  Loss,
}

/**
 * Relative strength index, 0–100, with Wilder's smoothing (J. W. Wilder, New Concepts in Technical Trading Systems, 1978);
 * TA-Lib's numbers from the same first bar. The first value comes with bar `period + 1`. NaN where TA-Lib says 0 because
 * nothing has moved since the first bar; a quote that freezes later keeps its RSI.
 */
export class Rsi {
  static readonly version = 1;
  /** Everything that a snapshot has to keep. */
  readonly state = new Float64Array(4);
  readonly #period: number;
  readonly #weight: number;
  readonly #one = new Float64Array(1);

  constructor(period: number) {
    this.#period = period;
    this.#weight = 1 / period;
  }

  push(close: number): number {
    const one = this.#one;
    one[0] = close;
    this.run(one, 0, 1, one);
    return one[0]!;
  }

  /** `push` for bars `from` to before `to`, each value written at its bar's place. */
  run(closes: Float64Array, from: number, to: number, out: Float64Array): void {
    const state = this.state;
    const period = this.#period;
    const weight = this.#weight;
    const faded = FADED;
    let bars = state[State.Bars]!;
    // both are read for every run: what V8 has not seen happen it compiles as an exit, and the next stream would take it
    const first = closes[from]!;
    const last = state[State.Close]!;
    let before = bars === 0 ? first : last;
    let gain = state[State.Gain]!;
    let loss = state[State.Loss]!;
    for (let i = from; i < to; i++) {
      const close = closes[i]!;
      const change = close - before;
      before = close;
      // exactly max(change, 0) and max(−change, 0), without a branch that every other bar takes the other way
      const rise = (change + Math.abs(change)) / 2;
      const fall = rise - change;
      if (bars > period) {
        if (change !== 0 || gain + loss > faded) {
          gain += (rise - gain) * weight;
          loss += (fall - loss) * weight;
        }
      } else {
        gain += rise;
        loss += fall;
        if (bars === period) {
          gain *= weight;
          loss *= weight;
        }
      }
      // 0 / 0 is NaN: no movement since the first bar
      out[i] = bars < period ? NaN : (100 * gain) / (gain + loss);
      bars++;
    }
    state[State.Bars] = bars;
    state[State.Close] = before;
    state[State.Gain] = gain;
    state[State.Loss] = loss;
  }
}
