// The same 13 numbers in one plain loop: no absent slots, no ages, no warm-up, no status. What the engine's rules cost is
// the difference.
export function bareFeatures({ count, high, low, close, completion, series }) {
  const out = new Float64Array(count * 13);
  const cursor = new Int32Array(series.length);
  const latest = new Float64Array(series.length).fill(NaN);
  const before = new Float64Array(series.length).fill(NaN);
  let [gain, loss, range, plus, minus, adx] = [0, 0, 0, 0, 0, 0];
  let [dxy, dxyChange, vix, embi, brent, spread, usdmxn] = [NaN, NaN, NaN, NaN, NaN, NaN, NaN];
  let next = -Infinity;
  for (let i = 0, at = 0; i < count; i++, at += 13) {
    const c = close[i];
    const r1 = i < 1 ? NaN : Math.log(c / close[i - 1]);
    const r12 = i < 12 ? NaN : Math.log(c / close[i - 12]);
    const r48 = i < 48 ? NaN : Math.log(c / close[i - 48]);
    out[at] = r1 < -0.05 ? -0.05 : r1 > 0.05 ? 0.05 : r1;
    out[at + 1] = r12 < -0.05 ? -0.05 : r12 > 0.05 ? 0.05 : r12;
    out[at + 2] = r48 < -0.05 ? -0.05 : r48 > 0.05 ? 0.05 : r48;
    if (i > 0) {
      const last = close[i - 1];
      const change = c - last;
      const rise = (change + Math.abs(change)) / 2;
      gain += (rise - gain) * (1 / 9);
      loss += (rise - change - loss) * (1 / 9);
      range += ((high[i] > last ? high[i] : last) - (low[i] < last ? low[i] : last) - range) * 0.1;
      const up = high[i] - high[i - 1];
      const down = low[i - 1] - low[i];
      const more = (up + Math.abs(up)) / 2;
      const less = (down + Math.abs(down)) / 2;
      plus += more * Number(more > less) - plus * (1 / 14);
      minus += less * Number(less > more) - minus * (1 / 14);
      adx += ((100 * Math.abs(plus - minus)) / (plus + minus) - adx) * (1 / 14);
      if (adx !== adx) adx = 0;
    }
    out[at + 3] = gain / (gain + loss);
    out[at + 4] = (range / c) * 100;
    out[at + 5] = adx * 0.01;
    if (completion[i] >= next) {
      // the seven change together, about once a day
      next = Infinity;
      for (let s = 0; s < series.length; s++) {
        const { availableAt, values } = series[s];
        while (cursor[s] < values.length && availableAt[cursor[s]] <= completion[i]) {
          before[s] = latest[s];
          latest[s] = values[cursor[s]++];
        }
        if (cursor[s] < values.length) next = Math.min(next, availableAt[cursor[s]]);
      }
      // dxy, vix, embi, brent, usdmxn, col10y, ust10y
      dxy = clip((latest[0] - 100.21) / 5.6, 4);
      dxyChange = clip(latest[0] / before[0] - 1, 0.03);
      vix = clip((latest[1] - 21.16) / 7.89, 4);
      embi = clip((latest[2] - 322.01) / 62.68, 4);
      brent = clip(latest[3] / before[3] - 1, 0.1);
      spread = clip((latest[5] - latest[6] - 7.03) / 1.41, 4);
      usdmxn = clip(latest[4] / before[4] - 1, 0.1);
    }
    out[at + 6] = dxy;
    out[at + 7] = dxyChange;
    out[at + 8] = vix;
    out[at + 9] = embi;
    out[at + 10] = brent;
    out[at + 11] = spread;
    out[at + 12] = usdmxn;
  }
  return out;
}

function clip(value, limit) {
  return value < -limit ? -limit : value > limit ? limit : value;
}
