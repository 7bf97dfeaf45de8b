import { describe, expect, it } from 'vitest';
import { ratios } from './ratios.js';

/** 72 equities in cents, a base and 71 session closes. */
const CLOSES: number[] = [10_000];
for (let k = 0, log = 0; k < 71; k++) {
  log += 0.004 * Math.sin(1.7 * k) + 0.0007;
  CLOSES.push(Math.round(10_000 * Math.exp(log) * 100) / 100);
}

// Made once with numpy 2 from the same 72 numbers: r = c[1:]/c[:-1] - 1; mean/std(ddof=1)*sqrt(245);
// sqrt((245 + SR**2/2)/n); mean/sqrt(mean(minimum(r, 0)**2))*sqrt(245); std*sqrt(245)*100;
// ((c[-1]/c[0])**(245/n) - 1)/max drawdown.
const GOLDEN = [
  [71, 0.387, 3.843564404153887, 1.8854016408676615, 7.027502884849037, 4.4332784819108175, 47.68924932032889],
  [60, 0.387, 3.855505423896914, 2.0511478942161845, 7.0529099754394915, 4.431211364482887, 47.827876257912195],
  [10, 0.3865, 6.232210656655919, 5.142180712834467, 13.599733251826738, 4.405015721281041, null],
] as const;

describe('ratios of session returns', () => {
  it('the golden series is the one that numpy saw', () => {
    expect(CLOSES.slice(0, 12)).toEqual([
      10000, 10007, 10053.81, 10050.57, 10020.43, 10047.29, 10086.49, 10065.33, 10047.51, 10089.16, 10112.26, 10080.5,
    ]);
    expect(CLOSES.at(-1)).toBe(10503.07);
  });

  it.each(GOLDEN)(
    '%d returns, drawdown %d %%: as numpy',
    (n, maxDrawdownPct, sharpe, error, sortino, volatility, calmar) => {
      const found = ratios(CLOSES.slice(0, n + 1), { periodsPerYear: 245, maxDrawdownPct });
      expect(found.n).toBe(n);
      expect(found.periods_per_year).toBe(245);
      expect(found.sharpe_ratio).toBeCloseTo(sharpe, 9);
      expect(found.sharpe_standard_error).toBeCloseTo(error, 9);
      expect(found.sortino_ratio).toBeCloseTo(sortino, 9);
      expect(found.volatility_pct).toBeCloseTo(volatility, 9);
      if (calmar === null) expect(found.calmar_ratio).toBeNull();
      else expect(found.calmar_ratio).toBeCloseTo(calmar, 8);
    },
  );

  it('scale with the square root of the periods in a year', () => {
    const [a, b] = [245, 980].map((periodsPerYear) => ratios(CLOSES, { periodsPerYear, maxDrawdownPct: 1 }));
    expect(b!.sharpe_ratio! / a!.sharpe_ratio!).toBeCloseTo(2, 12);
    expect(b!.sortino_ratio! / a!.sortino_ratio!).toBeCloseTo(2, 12);
    expect(b!.volatility_pct! / a!.volatility_pct!).toBeCloseTo(2, 12);
  });

  it('are null under 10 returns', () => {
    for (const n of [0, 1, 9]) {
      expect(ratios(CLOSES.slice(0, n + 1), { periodsPerYear: 245, maxDrawdownPct: 1 })).toEqual({
        n,
        periods_per_year: 245,
        sharpe_ratio: null,
        sharpe_standard_error: null,
        sortino_ratio: null,
        volatility_pct: null,
        calmar_ratio: null,
      });
    }
    expect(ratios([], { periodsPerYear: 245, maxDrawdownPct: 1 }).n).toBe(0);
  });

  it('Calmar is null under 60 returns, without a drawdown, and with an unknown one', () => {
    const calmar = (n: number, maxDrawdownPct: number | null) =>
      ratios(CLOSES.slice(0, n + 1), { periodsPerYear: 245, maxDrawdownPct }).calmar_ratio;
    expect(calmar(59, 1)).toBeNull();
    expect(calmar(60, 1)).not.toBeNull();
    expect(calmar(60, 0)).toBeNull();
    expect(calmar(60, null)).toBeNull();
  });

  it('flat sessions count; a constant equity has volatility 0 and no ratio', () => {
    const found = ratios(Array<number>(72).fill(10_000), { periodsPerYear: 245, maxDrawdownPct: 0 });
    expect(found).toMatchObject({
      n: 71,
      volatility_pct: 0,
      sharpe_ratio: null,
      sharpe_standard_error: null,
      sortino_ratio: null,
    });
    const mostlyFlat = [...Array<number>(60).fill(10_000), ...CLOSES.slice(1, 12)];
    expect(ratios(mostlyFlat, { periodsPerYear: 245, maxDrawdownPct: 1 }).n).toBe(70);
  });

  it('equal returns leave only float dust: below 1e-12 a deviation is zero', () => {
    const steady = Array.from({ length: 30 }, (_, k) => 10_000 * 1.001 ** k);
    expect(ratios(steady, { periodsPerYear: 245, maxDrawdownPct: 0 })).toMatchObject({
      sharpe_ratio: null,
      volatility_pct: 0,
    });
  });

  it('without a losing session there is no Sortino, and a Sharpe all the same', () => {
    const rising = Array.from({ length: 30 }, (_, k) => 10_000 + k * k);
    const found = ratios(rising, { periodsPerYear: 245, maxDrawdownPct: 0 });
    expect(found.sortino_ratio).toBeNull();
    expect(found.sharpe_ratio).toBeGreaterThan(0);
  });

  it('equity at or below 0 has no returns', () => {
    const ruined = [...CLOSES.slice(0, 20), 0, 0];
    expect(ratios(ruined, { periodsPerYear: 245, maxDrawdownPct: 100 })).toMatchObject({
      n: 21,
      sharpe_ratio: null,
      calmar_ratio: null,
    });
  });
});
