import { describe, expect, it } from 'vitest';
import type { Bar } from '../market/bar.js';
import { createCalendar } from '../market/calendar.js';
import { CALENDARS } from '../market/calendars.js';
import { damping, DEMO_EDGE, drift } from './edge.js';
import { createSimulator, type SimulatedSession } from './simulator.js';

const calendar = createCalendar(CALENDARS['usdcop']!);
const HORIZON = 12;

/** Wilder's average of the last values, from the first `n` on. */
function wilder(values: readonly number[], n: number): number[] {
  const out: number[] = [];
  let state = values.slice(0, n).reduce((sum, value) => sum + value, 0) / n;
  values.forEach((value, i) => {
    if (i >= n) state += (value - state) / n;
    out.push(i < n - 1 ? NaN : state);
  });
  return out;
}

/** The 13 features, written down a second time from their definitions (the engine has its own tests). */
function features(sessions: readonly SimulatedSession[]): Record<string, number[]> {
  const bars: Bar[] = sessions.flatMap((session) => [...session.bars]);
  const moves = bars.map((bar, i) => (i === 0 ? 0 : bar.close - bars[i - 1]!.close));
  const ranges = bars.map((bar, i) => {
    const before = bars[i - 1]?.close ?? bar.open;
    return Math.max(bar.high, before) - Math.min(bar.low, before);
  });
  const up = bars.map((bar, i) => (i === 0 ? 0 : bar.high - bars[i - 1]!.high));
  const down = bars.map((bar, i) => (i === 0 ? 0 : bars[i - 1]!.low - bar.low));
  const gain = wilder(
    moves.map((move) => Math.max(move, 0)),
    9,
  );
  const loss = wilder(
    moves.map((move) => Math.max(-move, 0)),
    9,
  );
  const plus = wilder(
    up.map((u, i) => (u > down[i]! && u > 0 ? u : 0)),
    14,
  );
  const minus = wilder(
    down.map((d, i) => (d > up[i]! && d > 0 ? d : 0)),
    14,
  );
  const dx = plus.map((p, i) => Math.abs(p - minus[i]!) / (p + minus[i]! || 1));
  const adx = wilder(dx.slice(13), 14);
  const back = (k: number): number[] => bars.map((bar, i) => (i < k ? NaN : Math.log(bar.close / bars[i - k]!.close)));

  // one pass per feature over what each session knows at its open
  const perSession = (f: (history: Record<string, number[]>) => number): number[] => {
    const history: Record<string, number[]> = {};
    return sessions.flatMap((session) => {
      for (const { values } of session.macro)
        for (const [name, value] of Object.entries(values)) (history[name] ??= []).push(value);
      const known = f(history);
      return session.bars.map(() => known);
    });
  };
  const last = (history: Record<string, number[]>, name: string, age = 1): number => history[name]!.at(-age)!;
  const change = (name: string) => perSession((h) => last(h, name) / last(h, name, 2) - 1);
  return {
    log_ret_5m: back(1),
    log_ret_1h: back(12),
    log_ret_4h: back(48),
    rsi_9: gain.map((g, i) => g / (g + loss[i]!)),
    atr_pct: wilder(ranges, 10).map((range, i) => range / bars[i]!.close),
    adx_14: [...new Array<number>(13).fill(NaN), ...adx],
    dxy_z: perSession((h) => last(h, 'dxy')),
    vix_z: perSession((h) => last(h, 'vix')),
    embi_z: perSession((h) => last(h, 'embi')),
    dxy_change_1d: change('dxy'),
    brent_change_1d: change('brent'),
    usdmxn_change_1d: change('usdmxn'),
    rate_spread: perSession((h) => last(h, 'col10y') - last(h, 'ust10y')),
  };
}

/**
 * Correlation of each feature with the label in standard errors. Labels do not overlap, and the error allows for
 * volatility that features and labels share (White, 1980).
 */
function significance(sessions: readonly SimulatedSession[]): Record<string, number> {
  const bars = sessions.flatMap((session) => [...session.bars]);
  const slots = calendar.slotsPerSession;
  const decisions: number[] = [];
  for (let session = 5; session < sessions.length; session++)
    for (let slot = 0; slot + 1 + HORIZON < slots; slot += HORIZON + 1) decisions.push(session * slots + slot);
  const label = decisions.map((i) => Math.log(bars[i + 1 + HORIZON]!.open / bars[i + 1]!.open));
  const centre = (values: number[]): number[] => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - mean);
  };
  const y = centre(label);
  return Object.fromEntries(
    Object.entries(features(sessions)).map(([name, values]) => {
      const x = centre(decisions.map((i) => values[i]!));
      const products = x.map((value, i) => value * y[i]!);
      const sum = products.reduce((total, value) => total + value, 0);
      return [name, sum / Math.sqrt(products.reduce((total, value) => total + value * value, 0))];
    }),
  );
}

describe('what the 13 features know of ln(open t+13 / open t+1)', () => {
  const at = (seed: number, edge: number): Record<string, number> =>
    significance(createSimulator({ seed, calendar, edge, firstSession: '2022-01-03' }).sessions(600));

  it.each([1, 2, 3])('edge 0, seed %i: nothing, every correlation within 3 standard errors of 0', (seed) => {
    const found = at(seed, 0);
    expect(Object.keys(found)).toHaveLength(13);
    for (const [name, errors] of Object.entries(found)) expect(Math.abs(errors), name).toBeLessThan(3);
  });

  it.each([1, 2, 3])('demo edge, seed %i: the move of the last hour goes on, far beyond chance', (seed) => {
    const found = at(seed, DEMO_EDGE);
    expect(found['log_ret_1h']).toBeGreaterThan(6);
    expect(found['log_ret_4h']).toBeLessThan(3);
  });
});

describe('drift', () => {
  const hour = (move: number): number[] => [...new Array<number>(36).fill(0), ...new Array<number>(12).fill(move)];

  it('is 0 at edge 0 and in the first four hours', () => {
    expect(drift(0, hour(1), 12, 1)).toBe(0);
    expect(drift(1, hour(1).slice(1), 12, 1)).toBe(0);
    expect(damping(0)).toBe(1);
  });

  it('follows the last hour, turns against an overstretched move of four, and never passes the edge', () => {
    expect(drift(0.3, hour(0.3), 12, 1)).toBeGreaterThan(0.1);
    expect(drift(0.3, hour(-0.3), 12, 1)).toBe(-drift(0.3, hour(0.3), 12, 1));
    expect(drift(0.3, hour(0.3).reverse(), 12, 1)).toBeLessThan(0);
    expect(drift(0.3, hour(99), 12, 1)).toBeLessThanOrEqual(0.3);
  });
});
