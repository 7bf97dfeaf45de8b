const BARS = 0;
const CLOSE = 1;
const RANGE = 2;

/**
 * Average true range in price units, with Wilder's smoothing (New Concepts in Technical Trading Systems, 1978); TA-Lib's
 * numbers from the same first bar. The true range includes the gap from the previous stored close, nights too. The first
 * value comes with bar `period + 1`.
 */
export class Atr {
  static readonly version = 1;
  /** Everything that a snapshot has to keep. */
  readonly state = new Float64Array(3);
  readonly #period: number;
  readonly #weight: number;

  constructor(period: number) {
    this.#period = period;
    this.#weight = 1 / period;
  }

  push(high: number, low: number, close: number): number {
    const state = this.state;
    const bars = state[BARS]!;
    const before = state[CLOSE]!;
    state[BARS] = bars + 1;
    state[CLOSE] = close;
    if (bars === 0) return NaN;
    // of the bar's range and the two distances from the last close, the largest
    const range = (high > before ? high : before) - (low < before ? low : before);
    let average = state[RANGE]!;
    if (bars > this.#period) average += (range - average) * this.#weight;
    else {
      average += range;
      if (bars === this.#period) average *= this.#weight;
    }
    state[RANGE] = average;
    return bars < this.#period ? NaN : average;
  }
}
