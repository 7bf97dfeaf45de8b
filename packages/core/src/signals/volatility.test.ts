import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bar } from '../market/bar.js';
import type { Slot } from '../market/slot.js';
import { Volatility } from './volatility.js';
import { RollingRank } from './rolling-rank.js';

const SLOTS = 60;
const slot = (ordinal: number): Slot => ({
  session: `day ${Math.floor(ordinal / SLOTS)}`,
  index: ordinal % SLOTS,
  ordinal,
  last: ordinal % SLOTS === SLOTS - 1,
});

/** Bars whose true ranges are these, around a constant close, so that ATR follows by hand. */
const bar = (range: number): Bar => ({
  time: 0,
  open: 100,
  high: 100 + range / 2,
  low: 100 - range / 2,
  close: 100,
  volume: 0,
});

function run(ranges: readonly number[], ordinals = ranges.map((_, i) => i)) {
  const volatility = new Volatility(SLOTS);
  return ranges.map((range, i) => ({ ...volatility.push(bar(range), slot(ordinals[i]!)) }));
}

/** The rule once more, slowly: Wilder's ATR from the first bar, then the share of the previous 1,200 strictly below. */
function reference(ranges: readonly number[]) {
  const atr: number[] = [];
  ranges.forEach((range, i) => {
    if (i < 14) atr.push(NaN);
    else if (i === 14) atr.push(ranges.slice(1, 15).reduce((a, b) => a + b) / 14);
    else atr.push((atr[i - 1]! * 13 + range) / 14);
  });
  const shown = atr.map((value, i) => (i < 150 ? NaN : value));
  return shown.map((value, i) => {
    const before = shown.slice(Math.max(0, i - 1200), i).filter((v) => !Number.isNaN(v));
    const below = before.filter((v) => v < value).length;
    return { atr14: value, rank: Number.isNaN(value) || before.length < 240 ? NaN : below / before.length };
  });
}

describe('ATR14', () => {
  it('is missing while fewer than 150 stored bars precede it', () => {
    const readings = run(Array<number>(152).fill(2));
    expect(readings[149]!.atr14).toBeNaN();
    expect(readings[150]!.atr14).toBeCloseTo(2, 12);
  });

  it('is missing when more than a tenth of the slots that end with the bar are absent, and comes back', () => {
    // 6 absent slots are allowed, 7 are not
    for (const [gap, hidden] of [
      [6, false],
      [7, true],
    ] as const) {
      const ordinals = Array.from({ length: 300 }, (_, i) => (i < 200 ? i : i + gap));
      const readings = run(Array<number>(300).fill(2), ordinals);
      expect(Number.isNaN(readings[200]!.atr14), `${gap} absent`).toBe(hidden);
      expect(Number.isNaN(readings[200 + SLOTS - gap]!.atr14), 'the gap has left the window').toBe(false);
    }
  });
});

describe('volatility rank: share of the previous 1,200 stored ATR14/close strictly below', () => {
  it('with fewer than 240 values, or no ATR14 at the bar, unknown and dearest', () => {
    const ranges = Array.from({ length: 400 }, (_, i) => 4 - i / 200);
    const readings = run(ranges);
    // values begin at bar 150: bar 390 is the first with 240 before it
    expect(readings[389]).toMatchObject({ rank: NaN, costBps: 51 });
    expect(readings[390]).toMatchObject({ rank: 0, costBps: 20 });
    expect(readings[100]).toMatchObject({ rank: NaN, costBps: 51 });
  });

  it('equal values are not below', () => {
    // a range of 0 from the start keeps ATR at exactly 0
    const reading = run(Array<number>(500).fill(0)).at(-1);
    expect(reading).toMatchObject({ atr14: 0, rank: 0, costBps: 20 });
  });

  it('agrees with a slow reference over bars that fill and turn the window', () => {
    const ranges = Array.from({ length: 3000 }, (_, i) => 2 + Math.sin(i / 37) + Math.sin(i * i));
    const readings = run(ranges);
    reference(ranges).forEach((expected, i) => {
      if (Number.isNaN(expected.atr14)) return expect(readings[i]!.atr14, `ATR at ${i}`).toBeNaN();
      expect(readings[i]!.atr14, `ATR at ${i}`).toBeCloseTo(expected.atr14, 9);
      if (Number.isNaN(expected.rank)) return expect(readings[i]!.rank, `rank at ${i}`).toBeNaN();
      expect(readings[i]!.rank, `rank at ${i}`).toBe(expected.rank);
    });
    const costs = new Set(readings.map((reading) => reading.costBps));
    expect([...costs].sort()).toEqual([20, 34, 51]);
  });

  it('bars without ATR14 take a place in the 1,200 and none in the share', () => {
    // a hole of 30 slots hides about 54 bars' ATR; the window still reaches back 1,200 stored bars
    const ordinals = Array.from({ length: 1700 }, (_, i) => (i < 1000 ? i : i + 30));
    const ranges = ordinals.map((_, i) => 2 + Math.sin(i / 29));
    const readings = run(ranges, ordinals);
    const last = readings.at(-1)!;
    const before = readings.slice(-1201, -1).filter((reading) => !Number.isNaN(reading.atr14));
    expect(before.length).toBeLessThan(1200);
    expect(last.rank).toBe(before.filter((reading) => reading.atr14 < last.atr14).length / before.length);
  });
});

describe('RollingRank', () => {
  it('equals counting, for any values with duplicates and NaN', () => {
    const value = fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 0, max: 9 }) },
      { weight: 1, arbitrary: fc.constant(NaN) },
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 60 }), fc.integer({ min: 1, max: 12 }), (values, window) => {
        const rank = new RollingRank(window);
        values.forEach((x, i) => {
          const before = values.slice(Math.max(0, i - window), i).filter((v) => !Number.isNaN(v));
          expect(rank.size).toBe(before.length);
          if (!Number.isNaN(x)) expect(rank.below(x)).toBe(before.filter((v) => v < x).length);
          rank.push(x);
        });
      }),
    );
  });
});
