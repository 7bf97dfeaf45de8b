const BARS = 0;
const CLOSE = 1;
const GAIN = 2;
const LOSS = 3;

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

  constructor(period: number) {
    this.#period = period;
    this.#weight = 1 / period;
  }

  push(close: number): number {
    const state = this.state;
    const bars = state[BARS]!;
    state[BARS] = bars + 1;
    const change = bars === 0 ? 0 : close - state[CLOSE]!;
    state[CLOSE] = close;
    let gain = state[GAIN]!;
    let loss = state[LOSS]!;
    // exactly max(change, 0) and max(−change, 0), without a branch that every other bar takes the other way
    const rise = (change + Math.abs(change)) / 2;
    const fall = rise - change;
    if (bars > this.#period) {
      gain += (rise - gain) * this.#weight;
      loss += (fall - loss) * this.#weight;
    } else {
      gain += rise;
      loss += fall;
      if (bars === this.#period) {
        gain *= this.#weight;
        loss *= this.#weight;
      }
    }
    state[GAIN] = gain;
    state[LOSS] = loss;
    // 0 / 0 is NaN: no movement since the first bar
    return bars < this.#period ? NaN : (100 * gain) / (gain + loss);
  }
}
