import { describe, expect, it } from 'vitest';
import { drawdownPct, maxDrawdownPct } from './drawdown.js';

describe('drawdown, a positive percent of the peak', () => {
  it.each([
    [10_000, 9_000, 10],
    [12_345.67, 12_000, 2.7999],
    [10_000, 10_000, 0],
    [10_000, 11_000, 0],
    [10_000, -500, 105],
  ])('from %d to %d is %d', (peak, equity, expected) => {
    expect(Object.is(drawdownPct(peak, equity), expected)).toBe(true);
  });

  it('the deepest fall from a running peak', () => {
    expect(maxDrawdownPct(100, [110, 99, 120, 102, 130])).toBe(15);
  });

  it('the peak starts at the base of the window', () => {
    expect(maxDrawdownPct(100, [90, 95])).toBe(10);
    expect(maxDrawdownPct(80, [90, 95])).toBe(0);
  });

  it('nothing after the base: 0', () => {
    expect(maxDrawdownPct(100, [])).toBe(0);
  });
});
