import { describe, expect, it } from 'vitest';
import { BAR_MS, barAge, lagging } from './staleness.js';

const open = Date.UTC(2025, 5, 13, 13);
const bar = open + 10 * BAR_MS;
const complete = bar + BAR_MS;

describe('age of the newest bar', () => {
  it('is amber beyond 1.5 bars and red beyond 3, limits not included', () => {
    const at = (bars: number): string => barAge(bar, complete + bars * BAR_MS, 'open', open).freshness;
    expect([at(0), at(1.5), at(1.51), at(3), at(3.01)]).toEqual(['fresh', 'fresh', 'late', 'late', 'stale']);
  });

  it('counts open hours only: yesterday’s last bar is fresh one minute after the opening', () => {
    const yesterday = open - 86_400_000 + 59 * BAR_MS;
    expect(barAge(yesterday, open + 60_000, 'open', open)).toEqual({
      age: open + 60_000 - yesterday - BAR_MS,
      freshness: 'fresh',
    });
    expect(barAge(yesterday, open + 3.1 * BAR_MS, 'open', open).freshness).toBe('stale');
  });

  it('forgives a fast replay clock the 3 wall seconds of wire and page', () => {
    const at = (bars: number, rate: number): string =>
      barAge(bar, complete + bars * BAR_MS, 'open', open, rate).freshness;
    expect([at(2, 1), at(2, 60), at(2.2, 60), at(3.5, 60), at(3.7, 60)]).toEqual([
      'late',
      'fresh',
      'late',
      'late',
      'stale',
    ]);
  });

  it('is never stale while the market is closed', () => {
    expect(barAge(bar, complete + 40 * BAR_MS, 'closed', null).freshness).toBe('closed');
  });
});

describe('lagging', () => {
  const BAR = 300_000;
  it('a page that a fast clock leaves behind says by how many wall seconds', () => {
    expect(lagging(BAR + 60_000 * 60, 'open', 6000)).toBeCloseTo(0.6);
    expect(lagging(BAR + 2 * 60_000 * 60, 'open', 6000)).toBeCloseTo(1.2);
  });
  it('one that keeps up, or stands in a closed market, or runs at the wall clock, does not lag', () => {
    expect(lagging(1.4 * BAR, 'open', 60)).toBe(0);
    expect(lagging(60 * BAR, 'closed', 6000)).toBe(0);
    expect(lagging(60 * BAR, 'open', 1)).toBe(0);
  });
});
