// an enum, because a bundler makes variables of a module's constants, to be read for every bar
const enum State {
  Bars,
  Close,
  Range,
}

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
  readonly #high = new Float64Array(1);
  readonly #low = new Float64Array(1);
  readonly #close = new Float64Array(1);

  constructor(period: number) {
    this.#period = period;
    this.#weight = 1 / period;
  }

  push(high: number, low: number, close: number): number {
    const one = this.#close;
    this.#high[0] = high;
    this.#low[0] = low;
    one[0] = close;
    this.run(this.#high, this.#low, one, 0, 1, one);
    return one[0]!;
  }

  /** `push` for bars `from` to before `to`, each value written at its bar's place. */
  run(
    highs: Float64Array,
    lows: Float64Array,
    closes: Float64Array,
    from: number,
    to: number,
    out: Float64Array,
  ): void {
    const state = this.state;
    const period = this.#period;
    const weight = this.#weight;
    let bars = state[State.Bars]!;
    let before = state[State.Close]!;
    let average = state[State.Range]!;
    for (let i = from; i < to; i++) {
      const high = highs[i]!;
      const low = lows[i]!;
      // of the bar's range and the two distances from the last close, the largest
      const range = (high > before ? high : before) - (low < before ? low : before);
      before = closes[i]!;
      if (bars > period) average += (range - average) * weight;
      else if (bars > 0) {
        average += range;
        if (bars === period) average *= weight;
      }
      out[i] = bars < period ? NaN : average;
      bars++;
    }
    state[State.Bars] = bars;
    state[State.Close] = before;
    state[State.Range] = average;
  }
}
