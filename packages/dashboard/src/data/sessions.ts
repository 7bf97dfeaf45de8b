import { marketDate } from '../format/time.js';
import type { Candle } from './types.js';

/** Bars of one trading day, oldest first. */
export interface Session {
  readonly date: string;
  readonly bars: readonly Candle[];
}

/** Bars grouped by trading day in the market's zone, oldest first. */
export function sessions(candles: readonly Candle[]): Session[] {
  const days: { date: string; bars: Candle[] }[] = [];
  for (const candle of candles) {
    const date = marketDate(candle.time);
    const last = days[days.length - 1];
    if (last && last.date === date) last.bars.push(candle);
    else days.push({ date, bars: [candle] });
  }
  return days;
}

/**
 * Newer answers laid over what is known: same time replaces, new times are added, order is by time.
 * `keep` bounds the length from the newest end.
 */
export function mergeByTime<T>(known: readonly T[], news: readonly T[], time: (item: T) => number, keep: number): T[] {
  const byTime = new Map<number, T>();
  for (const item of known) byTime.set(time(item), item);
  for (const item of news) byTime.set(time(item), item);
  const merged = [...byTime.entries()].sort((a, b) => a[0] - b[0]).map(([, item]) => item);
  return merged.slice(Math.max(0, merged.length - keep));
}
