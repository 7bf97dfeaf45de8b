import { describe, expect, it } from 'vitest';
import type { Bar } from './bar.js';
import { findBadTicks, PriceQuality } from './quality.js';

const bar = (close: number, i = 0): Bar => ({
  time: i * 300_000,
  open: close,
  high: close,
  low: close,
  close,
  volume: 0,
});

/** Pushes closes; the readings are copied since the result is reused. */
function watch(closes: readonly number[], quality = new PriceQuality()) {
  return closes.map((close, i) => ({ ...quality.push(bar(close, i)) }));
}
/** Closes whose |r| are these, up and down in turn. */
function walk(moves: readonly number[], start = 4000): number[] {
  const closes = [start];
  moves.forEach((move, i) => closes.push(closes.at(-1)! * Math.exp(i % 2 ? -move : move)));
  return closes;
}

describe('stale: twelve equal closes in a row', () => {
  it('eleven are not, twelve are, and the next different close is not', () => {
    const readings = watch([4001, ...Array<number>(12).fill(4000), 4000.5]);
    expect(readings.map((r) => r.stale)).toEqual([...Array<boolean>(12).fill(false), true, false]);
  });

  it('counts the first bar too', () => {
    expect(watch(Array<number>(12).fill(4000)).map((r) => r.stale)).toEqual([...Array<boolean>(11).fill(false), true]);
  });
});

describe('suspect: |r| > 1 % and > 8 × the median |r| of the 240 stored bars before', () => {
  const calm = Array<number>(240).fill(0.001);

  it('that bar and the next two, then no more', () => {
    const readings = watch(walk([...calm, 0.011, 0.001, 0.001, 0.001]));
    expect(readings.slice(-5).map((r) => r.suspect)).toEqual([false, true, true, true, false]);
    expect(readings.slice(0, -4).some((r) => r.suspect)).toBe(false);
  });

  it('a second suspect bar within them starts the three anew', () => {
    const readings = watch(walk([...calm, 0.02, 0.02, 0.001, 0.001, 0.001]));
    expect(readings.slice(-5).map((r) => r.suspect)).toEqual([true, true, true, true, false]);
  });

  it('1 % is not enough, however calm it was', () => {
    expect(watch(walk([...Array<number>(240).fill(0.0001), 0.00999])).at(-1)!.suspect).toBe(false);
    expect(watch(walk([...Array<number>(240).fill(0.0001), 0.01001])).at(-1)!.suspect).toBe(true);
  });

  it('8 medians are the limit, when that is more than 1 %', () => {
    expect(watch(walk([...Array<number>(240).fill(0.002), 0.0159])).at(-1)!.suspect).toBe(false);
    expect(watch(walk([...Array<number>(240).fill(0.002), 0.0161])).at(-1)!.suspect).toBe(true);
  });

  it('the median of 240 is the mean of the middle two', () => {
    // 120 moves of .001 and 120 of .003: the median is .002
    const mixed = [...Array<number>(120).fill(0.001), ...Array<number>(120).fill(0.003)];
    expect(watch(walk([...mixed, 0.0159])).at(-1)!.suspect).toBe(false);
    expect(watch(walk([...mixed, 0.0161])).at(-1)!.suspect).toBe(true);
  });

  it('bars older than 240 no longer count', () => {
    const wild = Array<number>(500).fill(0.005);
    expect(watch(walk([...wild, ...calm.slice(0, 119), 0.02])).at(-1)!.suspect).toBe(false);
    expect(watch(walk([...wild, ...calm.slice(0, 121), 0.02])).at(-1)!.suspect).toBe(true);
  });

  it('near the first bar the median is of the bars that there are, and without any nothing is suspect', () => {
    expect(watch([4000, 4100]).at(-1)!.suspect).toBe(false);
    expect(watch([4000, 4001, 4100]).at(-1)!.suspect).toBe(true);
  });

  it('a later bar changes no earlier reading', () => {
    const closes = walk([...calm, 0.02, 0.001, 0.03, 0.0001, 0.02]);
    const whole = watch(closes);
    for (let n = closes.length - 6; n < closes.length; n++)
      expect(watch(closes.slice(0, n))).toEqual(whole.slice(0, n));
  });
});

describe('a bad tick: a suspect bar that reverts within three bars', () => {
  const before = walk(Array<number>(240).fill(0.0005));
  const level = before.at(-1)!;
  const at = (n: number): number => (before.length + n) * 300_000;
  const flagged = (...moves: readonly number[]) =>
    findBadTicks([...before, ...moves.map((move) => level * Math.exp(move))].map(bar));

  it.each([1, 2, 3])('back at the level of before after %i bars', (k) => {
    const path = Array.from({ length: k }, () => 0.02);
    expect(flagged(...path, 0)).toEqual([{ time: at(0), move: expect.closeTo(0.02, 12) as number, revertedAt: at(k) }]);
  });

  it('not after four: it was a move of the market', () => {
    expect(flagged(0.02, 0.02, 0.02, 0.02, 0)).toEqual([]);
  });

  it('half of the move may be left, no more', () => {
    expect(flagged(0.02, 0.0099)).toHaveLength(1);
    expect(flagged(0.02, 0.0101, 0.0101, 0.0101)).toEqual([]);
  });

  it('the way back is not a bad tick itself', () => {
    expect(flagged(0.02, 0, 0.0001, -0.0001)).toHaveLength(1);
  });

  it('is known when it reverts, not before', () => {
    const readings = watch([...before, level * Math.exp(-0.03), level]);
    expect(readings.slice(-2).map((r) => r.badTicks.length)).toEqual([0, 1]);
    expect(readings.at(-2)!.suspect).toBe(true);
  });
});
