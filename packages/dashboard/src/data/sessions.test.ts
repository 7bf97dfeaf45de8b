import { describe, expect, it } from 'vitest';
import { mergeByTime, sessions } from './sessions.js';
import type { Candle } from './types.js';

const bar = (time: number, close = 1): Candle => ({ time, open: 1, high: 2, low: 0, close, volume: 0 });
const time = (each: Candle): number => each.time;

describe('sessions', () => {
  it('groups by the day of the market, not of UTC', () => {
    const evening = Date.UTC(2025, 5, 12, 23); // 18:00 in Bogota
    const night = Date.UTC(2025, 5, 13, 1); // 20:00 of the same day there
    const morning = Date.UTC(2025, 5, 13, 13);
    expect(sessions([bar(evening), bar(night), bar(morning)]).map((day) => [day.date, day.bars.length])).toEqual([
      ['2025-06-12', 2],
      ['2025-06-13', 1],
    ]);
  });
});

describe('mergeByTime', () => {
  it('replaces a bar of the same time, adds new ones, orders, and keeps the newest', () => {
    const merged = mergeByTime([bar(1), bar(2, 5), bar(3)], [bar(4), bar(2, 9)], time, 3);
    expect(merged.map((each) => [each.time, each.close])).toEqual([
      [2, 9],
      [3, 1],
      [4, 1],
    ]);
  });

  it('leaves what it was given as it was', () => {
    const known = [bar(2), bar(1)];
    mergeByTime(known, [bar(3)], time, 10);
    expect(known.map(time)).toEqual([2, 1]);
  });
});
