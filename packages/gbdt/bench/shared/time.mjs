const REPEATS = 15;
const STRETCH = 64;

/** Passes over all rows; of each stretch of rows the fastest pass counts, so that other processes disturb little. Microseconds a row. */
export function perRow(rows, call) {
  const fastest = new Float64Array(Math.floor(rows.length / STRETCH)).fill(Infinity);
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (let k = 0; k < fastest.length; k++) {
      const start = process.hrtime.bigint();
      for (let i = k * STRETCH; i < (k + 1) * STRETCH; i++) call(rows[i]);
      fastest[k] = Math.min(fastest[k], Number(process.hrtime.bigint() - start) / 1e3 / STRETCH);
    }
  }
  return Number((fastest.reduce((sum, x) => sum + x) / fastest.length).toFixed(3));
}

/** The fastest of several calls, milliseconds. */
export function fastest(call, repeats = 7) {
  let best = Infinity;
  for (let i = 0; i < repeats; i++) {
    const start = process.hrtime.bigint();
    call();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / 1e6);
  }
  return Number(best.toFixed(1));
}
