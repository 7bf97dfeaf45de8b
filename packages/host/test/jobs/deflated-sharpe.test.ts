import { describe, expect, it } from 'vitest';
import { combinationsOf } from '../../src/jobs/grid.js';
import { deflatedSharpe, normalCdf, normalQuantile } from '../../src/jobs/deflated-sharpe.js';

describe('deflated Sharpe ratio', () => {
  it('the normal distribution agrees with scipy 1.x', () => {
    for (const [x, p] of [
      [-6, 9.865876450376946e-10],
      [-1.959963984540054, 0.025],
      [0, 0.5],
      [0.5, 0.6914624612740131],
      [3.9, 0.9999519036559824],
      [4.2, 0.9999866542509841],
    ] as const) {
      expect(normalCdf(x)).toBeCloseTo(p, 14);
      expect(normalCdf(x) / p).toBeCloseTo(1, 11);
    }
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 10);
  });

  it('the more trials, and the more they differ, the less the best one says', () => {
    const returns = Array.from({ length: 250 }, (_, i) => 0.0008 + 0.01 * Math.sin(i * 2.3));
    const few = deflatedSharpe([0.1, 0.05], returns)!;
    const many = deflatedSharpe([0.1, ...Array<number>(40).fill(0.05), 0.0], returns)!;
    const wide = deflatedSharpe([0.3, 0.05], returns)!;
    expect(few.probability).toBeGreaterThan(wide.probability);
    expect(many.trials).toBe(42);
    expect(deflatedSharpe([0.1], returns), 'one trial was not chosen among others').toBeNull();
    expect(deflatedSharpe([0.1, 0.2], returns.slice(0, 9))).toBeNull();
    expect(deflatedSharpe([0.1, 0.2], Array<number>(30).fill(0))).toBeNull();
  });

  it('the example of the paper: 100 trials, five years of days, Sharpe 2.5 a year', () => {
    // Bailey and López de Prado (2014), section 5: V[SR] = 1/2 a year, skew -3, kurtosis 10, DSR about 0.90
    const n = 1250;
    const returns = shaped(n, 2.5 / Math.sqrt(250), -3, 10);
    const spread = Math.sqrt(0.5 / 250);
    const trials = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 1 : -1) * spread * Math.sqrt(99 / 100));
    const found = deflatedSharpe(trials, returns)!;
    expect(found.expected_best).toBeCloseTo(0.1132, 4);
    expect(found.probability).toBeCloseTo(0.9004, 2);
  });

  it('a grid is every combination, the last parameter running fastest', () => {
    expect(combinationsOf({ a: [1, 2], b: ['x', 'y'] })).toEqual([
      { a: 1, b: 'x' },
      { a: 1, b: 'y' },
      { a: 2, b: 'x' },
      { a: 2, b: 'y' },
    ]);
  });
});

/** Returns with this Sharpe ratio, skew and kurtosis: three values, whose shares and sizes are solved for. */
function shaped(n: number, sharpe: number, skew: number, kurtosis: number): number[] {
  // a two-point distribution of skew s has kurtosis s² + 1: with −3 just 10
  expect(kurtosis).toBeCloseTo(skew ** 2 + 1);
  const p = (1 + -skew / Math.sqrt(skew ** 2 + 4)) / 2;
  const few = Math.round((1 - p) * n);
  const values = Array.from({ length: n }, (_, i) => (i < few ? -Math.sqrt(p / (1 - p)) : Math.sqrt((1 - p) / p)));
  const mean = values.reduce((a, b) => a + b) / n;
  const sd = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1));
  return values.map((v) => (v - mean) / sd + sharpe);
}
