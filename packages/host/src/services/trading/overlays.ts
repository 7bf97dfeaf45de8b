import { Rsi } from '@signalbox/core';

/** Values beside the candles; null while one warms up. */
export interface Overlay {
  readonly ema_20: number | null;
  readonly ema_50: number | null;
  readonly bb_upper: number | null;
  readonly bb_middle: number | null;
  readonly bb_lower: number | null;
  readonly rsi: number | null;
}

/** Buckets before a window after which an EMA 50 no longer knows where it began: (49/51)^700 is 7e-13. */
export const WARM_UP = 700;
const BAND = 20;

/** EMA 20 and 50 (seeded by the mean of the first n), Bollinger bands (20, 2 population sd), RSI 14 (Wilder) of closes. */
export function overlays(closes: readonly number[]): Overlay[] {
  const ema20 = ema(closes, 20);
  const ema50 = ema(closes, 50);
  const rsi = new Rsi(14);
  return closes.map((close, i) => {
    const strength = rsi.push(close);
    const band = i + 1 < BAND ? null : bandOf(closes.slice(i + 1 - BAND, i + 1));
    return {
      ema_20: ema20[i] ?? null,
      ema_50: ema50[i] ?? null,
      bb_upper: band && band.mean + 2 * band.deviation,
      bb_middle: band && band.mean,
      bb_lower: band && band.mean - 2 * band.deviation,
      rsi: Number.isNaN(strength) ? null : strength,
    };
  });
}

function ema(values: readonly number[], period: number): (number | null)[] {
  const weight = 2 / (period + 1);
  let sum = 0;
  let last = 0;
  return values.map((value, i) => {
    sum += i < period ? value : 0;
    if (i < period - 1) return null;
    last = i === period - 1 ? sum / period : last + (value - last) * weight;
    return last;
  });
}

function bandOf(closes: readonly number[]): { mean: number; deviation: number } {
  const mean = closes.reduce((sum, close) => sum + close, 0) / closes.length;
  const variance = closes.reduce((sum, close) => sum + (close - mean) ** 2, 0) / closes.length;
  return { mean, deviation: Math.sqrt(variance) };
}
