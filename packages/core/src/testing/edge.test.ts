import { describe, expect, it } from 'vitest';
import { defaultFeatures } from '../features/default.js';
import { compileFeatures, computeFeatures } from '../features/engine.js';
import { createSeriesTable } from '../features/series.js';
import { createCalendar } from '../market/calendar.js';
import { CALENDARS } from '../market/calendars.js';
import { damping, DEMO_EDGE, drift } from './edge.js';
import { createSimulator, type SimulatedSession } from './simulator.js';

const calendar = createCalendar(CALENDARS['usdcop']!);
const HORIZON = 12;

const config = defaultFeatures();
const plan = compileFeatures(config, calendar);

/** The 13 features of every bar, by the engine, on what the world makes. */
function features(sessions: readonly SimulatedSession[]): Record<string, number[]> {
  const series = createSeriesTable(config, calendar);
  for (const { macro } of sessions)
    for (const { date, values } of macro)
      for (const [name, value] of Object.entries(values)) if (series.has(name)) series.add(name, date, value);
  const { names, values } = computeFeatures(
    plan,
    series,
    sessions.flatMap(({ bars }) => bars),
  );
  const rows = values.length / names.length;
  return Object.fromEntries(
    names.map((name, at) => [name, Array.from({ length: rows }, (_, row) => values[row * names.length + at]!)]),
  );
}

/**
 * Correlation of each feature with the label in standard errors. Labels do not overlap, and the error allows for
 * volatility that features and labels share (White, 1980).
 */
function significance(sessions: readonly SimulatedSession[]): Record<string, number> {
  const bars = sessions.flatMap((session) => session.bars);
  const slots = calendar.slotsPerSession;
  const decisions: number[] = [];
  for (let session = 6; session < sessions.length; session++)
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

it('no feature is missing once the slowest is stable, five sessions in', () => {
  const sessions = createSimulator({ seed: 1, calendar, edge: 0, firstSession: '2026-01-02' }).sessions(60);
  for (const [name, values] of Object.entries(features(sessions)))
    expect(values.slice(300).filter(Number.isNaN), name).toEqual([]);
});

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
