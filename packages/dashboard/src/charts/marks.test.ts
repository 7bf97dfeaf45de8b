import { describe, expect, it } from 'vitest';
import type { Position, Signal } from '../data/types.js';
import { levelsOf, marksOf, spread } from './marks.js';

const signal = (minute: number, direction: Signal['signal'], notTraded: string | null = null): Signal =>
  ({
    signal: direction,
    confidence: 0.6,
    bar_time: new Date(Date.UTC(2025, 5, 2, 13, minute)).toISOString(),
    not_traded: notTraded,
  }) as Signal;

describe('marksOf', () => {
  it('draws long, short and close, and never flat', () => {
    const marks = marksOf('A', [signal(0, 'long'), signal(5, 'flat'), signal(10, 'short'), signal(15, 'close')]);
    expect(marks.map((mark) => mark.direction)).toEqual(['long', 'short', 'close']);
  });

  it('a turn is a view other than the one before, with flat in between counting as a change', () => {
    const marks = marksOf('A', [
      signal(0, 'long'),
      signal(5, 'long'),
      signal(10, 'flat'),
      signal(15, 'long'),
      signal(20, 'short'),
    ]);
    expect(marks.map((mark) => mark.turn)).toEqual([true, false, true, true]);
  });

  it('keeps whether it was traded, and leaves out what has no time', () => {
    const marks = marksOf('A', [signal(0, 'long', 'no_size'), { ...signal(5, 'long'), bar_time: 'nonsense' }]);
    expect(marks).toHaveLength(1);
    expect(marks[0]).toMatchObject({ traded: false, time: Date.UTC(2025, 5, 2, 13) });
  });
});

describe('levelsOf', () => {
  const position = {
    strategy_code: 'A',
    side: 'short',
    entry_price: 4100,
    stop_loss: 4120,
    take_profit: null,
    entry_time: '2025-06-02T13:05:00.000Z',
  } as Position;

  it('gives a line for each level that exists, from the entry on', () => {
    expect(levelsOf([position])).toEqual([
      { code: 'A', side: 'short', from: Date.UTC(2025, 5, 2, 13, 5), kind: 'entry', price: 4100 },
      { code: 'A', side: 'short', from: Date.UTC(2025, 5, 2, 13, 5), kind: 'stop', price: 4120 },
    ]);
  });
});

describe('spread', () => {
  it('moves labels apart, keeps their order, stays inside', () => {
    const placed = spread([50, 52, 51, 198], 14, 10, 200);
    const sorted = [...placed].sort((a, b) => a - b);
    for (let i = 1; i < sorted.length; i++) expect(sorted[i]! - sorted[i - 1]!).toBeGreaterThanOrEqual(14);
    expect(placed[0]!).toBeLessThan(placed[2]!);
    expect(placed[2]!).toBeLessThan(placed[1]!);
    expect(Math.min(...placed)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...placed)).toBeLessThanOrEqual(200);
  });

  it('leaves alone what is far apart', () => {
    expect(spread([20, 80, 140], 14, 10, 200)).toEqual([20, 80, 140]);
  });
});
