import { describe, expect, it } from 'vitest';
import { count, decimal, fraction, percent, plainPercent, pnl, price, trend, usd, UNKNOWN } from './number.js';

describe('numbers', () => {
  it('unknown is a dash, never 0', () => {
    for (const show of [price, decimal, usd, pnl, percent, plainPercent, fraction, count])
      for (const value of [null, undefined, Number.NaN, Infinity]) expect(show(value)).toBe(UNKNOWN);
  });

  it('prices have two decimals and thousands', () => {
    expect(price(4112.345)).toBe('4,112.35');
    expect(price(4000)).toBe('4,000.00');
  });

  it('a profit or loss always has its sign, and zero has none, however it was reached', () => {
    expect([pnl(3.2), pnl(-1234.5), pnl(0), pnl(-0), pnl(-0.004)]).toEqual([
      '+$3.20',
      '−$1,234.50',
      '$0.00',
      '$0.00',
      '$0.00',
    ]);
  });

  it('percent values are percent already, fractions are not', () => {
    expect([
      percent(7.1),
      percent(-0.25),
      percent(0),
      fraction(0.7234),
      fraction(0.7234, 1),
      plainPercent(1.7),
    ]).toEqual(['+7.10 %', '−0.25 %', '0.00 %', '72 %', '72.3 %', '1.70 %']);
  });

  it('the trend follows what is shown, not the hidden digits', () => {
    expect([trend(0.004), trend(-0.004), trend(0.006), trend(-2), trend(null)]).toEqual([0, 0, 1, -1, 0]);
  });
});
