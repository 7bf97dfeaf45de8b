import { describe, expect, it } from 'vitest';
import { createCalendar } from '../market/calendar.js';
import { CALENDARS } from '../market/calendars.js';
import { barStatistics } from './bar-statistics.js';
import { DEMO_EDGE } from './edge.js';
import { MACRO_STATISTICS, VOLATILITY_PROFILE } from './market-statistics.js';
import { createSimulator, type SimulatedSession } from './simulator.js';

// Targets: USD/COP, five-minute bars of 2020-01 … 2025-06 on regular days.
const calendar = createCalendar(CALENDARS['usdcop']!);
const world = (seed: number, edge: number, n = 400): SimulatedSession[] =>
  createSimulator({ seed, calendar, edge, firstSession: '2020-01-02' }).sessions(n);
const within = (value: number, target: number, share: number): void => {
  expect(value).toBeGreaterThan(target * (1 - share));
  expect(value).toBeLessThan(target * (1 + share));
};
function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (v: readonly number[]): number => v.reduce((sum, x) => sum + x, 0) / v.length;
  const [ma, mb] = [mean(a), mean(b)];
  const dot = (f: (i: number) => number): number => a.reduce((sum, _, i) => sum + f(i), 0);
  return (
    dot((i) => (a[i]! - ma) * (b[i]! - mb)) / Math.sqrt(dot((i) => (a[i]! - ma) ** 2) * dot((i) => (b[i]! - mb) ** 2))
  );
}

describe.each([1, 2, 3, 4])('edge 0, 400 sessions of seed %i', (seed) => {
  const s = barStatistics(world(seed, 0).map(({ bars }) => bars));

  it('five-minute standard deviation within 15 % of 9.54 bp', () => within(s.barSdBps, 9.54, 0.15));
  it('overnight standard deviation within 20 % of 45.2 bp', () => within(s.overnightSdBps, 45.2, 0.2));
  it('opening |r| ratio within 30 % of 2.08', () => within(s.openingRatio, 2.0845, 0.3));
  it('lag-1 autocorrelation of |r| within 0.1 of 0.235', () => {
    expect(Math.abs(s.acfAbs[0]! - 0.2354)).toBeLessThan(0.1);
  });
  it('volatility profile correlated above 0.9', () => {
    expect(correlation(s.profile, VOLATILITY_PROFILE)).toBeGreaterThan(0.9);
  });
  it('no autocorrelation of r: a martingale', () => {
    for (const value of s.acf) expect(Math.abs(value)).toBeLessThan(0.04);
  });
  it('daily volatility within 20 % of 84.3 bp, fat tails', () => {
    within(s.closeToCloseSdBps, 84.3, 0.2);
    expect(s.excessKurtosis).toBeGreaterThan(5);
  });
  it('bars open near the close before and range beyond their body as true bars do', () => {
    within(s.rangeToBody, 1.67, 0.1);
    within(s.openEqualShare, 0.21, 0.15);
  });
});

it('the demo edge keeps a day as volatile as the market, within 25 %', () => {
  for (const seed of [1, 2, 3])
    within(barStatistics(world(seed, DEMO_EDGE).map(({ bars }) => bars)).closeToCloseSdBps, 84.3, 0.25);
});

describe('macro at edge 0, 1,300 sessions', () => {
  const sessions = world(5, 0, 1300);
  const rows = sessions.flatMap(({ macro }) => macro);
  const changes = (name: string): Map<string, number> => {
    const out = new Map<string, number>();
    let before: number | undefined;
    for (const { date, values } of rows) {
      const value = values[name];
      if (value === undefined) continue;
      if (before !== undefined)
        out.set(date, MACRO_STATISTICS[name]!.change === 'log' ? Math.log(value / before) : value - before);
      before = value;
    }
    return out;
  };
  const paired = (a: Map<string, number>, b: Map<string, number>): number => {
    const dates = [...a.keys()].filter((date) => b.has(date));
    return correlation(
      dates.map((date) => a.get(date)!),
      dates.map((date) => b.get(date)!),
    );
  };

  it.each(Object.keys(MACRO_STATISTICS))('%s moves as much a day as the market, within 15 %', (name) => {
    const values = [...changes(name).values()];
    within(
      Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length),
      MACRO_STATISTICS[name]!.changeSd,
      0.15,
    );
  });

  it('series move together as in the market, within 0.1', () => {
    const pairs: [string, string, number][] = [
      ['dxy', 'usdmxn', 0.32],
      ['vix', 'embi', 0.36],
      ['vix', 'usdmxn', 0.42],
      ['embi', 'brent', -0.32],
      ['brent', 'wti', 0.85],
      ['dxy', 'ust10y', 0.31],
      ['embi', 'col10y', 0.38],
    ];
    for (const [a, b, target] of pairs)
      expect(Math.abs(paired(changes(a), changes(b)) - target), `${a} ${b}`).toBeLessThan(0.1);
  });

  it('the session of a day moves with the macro changes of that day, the next session with none of them', () => {
    const intraday = new Map(sessions.map(({ date, bars }) => [date, Math.log(bars.at(-1)!.close / bars[0]!.close)]));
    const next = new Map(
      sessions.slice(1).map(({ bars }, i) => [sessions[i]!.date, Math.log(bars.at(-1)!.close / bars[0]!.close)]),
    );
    for (const [name, target] of [
      ['dxy', 0.253],
      ['embi', 0.225],
      ['usdmxn', 0.309],
      ['brent', -0.153],
    ] as const) {
      expect(Math.abs(paired(changes(name), intraday) - target), name).toBeLessThan(0.1);
      expect(Math.abs(paired(changes(name), next)), name).toBeLessThan(0.09);
    }
  });
});
