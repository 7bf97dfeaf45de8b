/**
 * tanh x = m / (m + 2) with m = e^2x − 1, and e^2x = 2^n · e^r: n the whole number nearest to 2x / ln 2, e^r − 1 by its series. Doubles
 * throughout, so that the error is below 1e-9 of the result; the kernel takes the same steps, for the same bits.
 */
export const TANH = {
  /** Beyond it tanh is ±1 in doubles. */
  limit: 20,
  log2e: Math.LOG2E,
  ln2: Math.LN2,
  /** Adding it leaves no bits behind the point: the sum's last bits are the whole number. */
  magic: 1.5 * 2 ** 52,
  /** 1/8!, 1/7!, … 1/1!: what is left out is below r^8 / 9! < 6e-10, since |r| ≤ ln 2 / 2. */
  series: Array.from({ length: 8 }, (_, i) => 1 / factorial(8 - i)),
} as const;

const LARGEST = Math.ceil(2 * TANH.limit * TANH.log2e) + 1;
const POWERS = Float64Array.from({ length: 2 * LARGEST + 1 }, (_, i) => 2 ** (i - LARGEST));

export function tanh(x: number): number {
  const y = 2 * (x < -TANH.limit ? -TANH.limit : x > TANH.limit ? TANH.limit : x);
  const n = y * TANH.log2e + TANH.magic - TANH.magic;
  const r = y - n * TANH.ln2;
  const { series } = TANH;
  let sum = series[0]!;
  for (let i = 1; i < series.length; i++) sum = sum * r + series[i]!;
  // NaN has no power
  const power = POWERS[n + LARGEST] ?? NaN;
  const m = sum * r * power + (power - 1);
  return m / (m + 2);
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}
