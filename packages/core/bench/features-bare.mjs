// The same 13 numbers in one plain loop: no absent slots, no ages, no warm-up, no status. What the engine's rules cost is
// the difference.
const clip = (value, limit) => (value < -limit ? -limit : value > limit ? limit : value);

export function bareFeatures({ count, high, low, close, completion, series }) {
  const out = new Float64Array(count * 13);
  const cursor = new Int32Array(series.length);
  const latest = new Float64Array(series.length).fill(NaN);
  const before = new Float64Array(series.length).fill(NaN);
  let [gain, loss, range, plus, minus, adx] = [0, 0, 0, 0, 0, 0];
  for (let i = 0, at = 0; i < count; i++, at += 13) {
    const c = close[i];
    out[at] = i < 1 ? NaN : clip(Math.log(c / close[i - 1]), 0.05);
    out[at + 1] = i < 12 ? NaN : clip(Math.log(c / close[i - 12]), 0.05);
    out[at + 2] = i < 48 ? NaN : clip(Math.log(c / close[i - 48]), 0.05);
    if (i > 0) {
      const change = c - close[i - 1];
      gain += ((change > 0 ? change : 0) - gain) / 9;
      loss += ((change < 0 ? -change : 0) - loss) / 9;
      const h = Math.max(high[i], close[i - 1]);
      const l = Math.min(low[i], close[i - 1]);
      range += (h - l - range) / 10;
      const up = high[i] - high[i - 1];
      const down = low[i - 1] - low[i];
      plus -= plus / 14;
      minus -= minus / 14;
      if (down > 0 && up < down) minus += down;
      else if (up > 0 && up > down) plus += up;
      if (plus + minus > 0) adx += ((100 * Math.abs(plus - minus)) / (plus + minus) - adx) / 14;
    }
    out[at + 3] = gain / (gain + loss);
    out[at + 4] = (range / c) * 100;
    out[at + 5] = adx / 100;
    for (let s = 0; s < series.length; s++) {
      const { availableAt, values } = series[s];
      while (cursor[s] < values.length && availableAt[cursor[s]] <= completion[i]) {
        before[s] = latest[s];
        latest[s] = values[cursor[s]++];
      }
    }
    // dxy, vix, embi, brent, usdmxn, col10y, ust10y
    out[at + 6] = clip((latest[0] - 100.21) / 5.6, 4);
    out[at + 7] = clip(latest[0] / before[0] - 1, 0.03);
    out[at + 8] = clip((latest[1] - 21.16) / 7.89, 4);
    out[at + 9] = clip((latest[2] - 322.01) / 62.68, 4);
    out[at + 10] = clip(latest[3] / before[3] - 1, 0.1);
    out[at + 11] = clip((latest[5] - latest[6] - 7.03) / 1.41, 4);
    out[at + 12] = clip(latest[4] / before[4] - 1, 0.1);
  }
  return out;
}
