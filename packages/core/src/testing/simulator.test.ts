import { describe, expect, it } from 'vitest';
import { createCalendar } from '../market/calendar.js';
import { CALENDARS } from '../market/calendars.js';
import { createSimulator, resumeSimulator, type SimulatorOptions, type SimulatorState } from './simulator.js';
import { SIMULATED_MACRO } from './macro-walk.js';
import { DEMO_EDGE } from './edge.js';

const calendar = createCalendar(CALENDARS['usdcop']!);
const options = (more: Partial<SimulatorOptions> = {}): SimulatorOptions => ({
  seed: 7,
  calendar,
  edge: DEMO_EDGE,
  firstSession: '2026-01-02',
  ...more,
});

describe('a world depends on its seed and nothing else', () => {
  it('gives the same sessions for the same seed', () => {
    expect(createSimulator(options()).sessions(20)).toEqual(createSimulator(options()).sessions(20));
  });

  it('gives other sessions for another seed, a neighbour or one that differs above 32 bits', () => {
    const close = (seed: number): number => createSimulator(options({ seed })).next().bars.at(-1)!.close;
    expect(new Set([7, 8, -7, 7 + 2 ** 32].map(close)).size).toBe(4);
  });

  it('is prefix-stable: session k is the same however many are drawn, at once or one by one', () => {
    const many = createSimulator(options()).sessions(60);
    expect(createSimulator(options()).sessions(25)).toEqual(many.slice(0, 25));
    const one = createSimulator(options());
    expect(Array.from({ length: 60 }, () => one.next())).toEqual(many);
  });

  it('goes on from a saved state that went through JSON, as if it had never stopped', () => {
    const uninterrupted = createSimulator(options()).sessions(40);
    const first = createSimulator(options());
    first.sessions(17);
    const saved = JSON.parse(JSON.stringify(first.save())) as SimulatorState;
    expect(resumeSimulator(options(), saved).sessions(23)).toEqual(uninterrupted.slice(17));
  });

  it('finds a session by date, forwards and backwards', () => {
    const all = createSimulator(options()).sessions(30);
    const simulator = createSimulator(options());
    for (const k of [12, 29, 3, 3]) expect(simulator.session(all[k]!.date)).toEqual(all[k]);
    expect(simulator.next()).toEqual(all[4]);
  });
});

describe('bars', () => {
  const sessions = createSimulator(options({ seed: 3 })).sessions(150);
  const bars = sessions.flatMap((session) => session.bars);

  it('lie on every slot of every session of the calendar, and nowhere else', () => {
    expect(sessions.map(({ date }) => date)).toEqual(calendar.sessionsBetween('2026-01-02', sessions.at(-1)!.date));
    for (const { date, bars } of sessions)
      expect(bars.map(({ time }) => calendar.slot(time))).toMatchObject(
        Array.from({ length: calendar.slotsPerSession }, (_, index) => ({ session: date, index })),
      );
  });

  it('are consistent: low ≤ open, close ≤ high, positive, on the tick, volume 0', () => {
    for (const { open, high, low, close, volume } of bars) {
      expect(low).toBeLessThanOrEqual(Math.min(open, close));
      expect(high).toBeGreaterThanOrEqual(Math.max(open, close));
      expect(low).toBeGreaterThan(0);
      for (const price of [open, high, low, close]) expect(price).toBe(Number(price.toFixed(2)));
      expect(volume).toBe(0);
    }
    expect(bars.some(({ open, high, low, close }) => high > Math.max(open, close) && low < Math.min(open, close))).toBe(
      true,
    );
  });

  it('follow the calendar of another market: one that never closes has no night', () => {
    const always = createCalendar({
      id: 'always',
      version: '1',
      zone: 'UTC',
      open: '00:00',
      close: '24:00',
      days: [1, 2, 3, 4, 5, 6, 7],
      holidays: [],
      slotMinutes: 60,
    });
    const world = createSimulator(options({ calendar: always, startPrice: 1.1, tick: 0.00001, edge: 0 })).sessions(200);
    const all = world.flatMap(({ bars }) => bars);
    expect(all).toHaveLength(200 * 24);
    all.forEach((bar, i) => expect(bar.time).toBe(all[0]!.time + i * 3_600_000));
    const meanAbs = (moves: readonly number[]): number => moves.reduce((sum, r) => sum + Math.abs(r), 0) / moves.length;
    const gaps = world.slice(1).map(({ bars }, i) => Math.log(bars[0]!.open / world[i]!.bars.at(-1)!.close));
    expect(meanAbs(gaps)).toBeLessThan(1e-3);
    // an hour is as volatile as twelve slots of five minutes
    const hourly = all.slice(1).map((bar, i) => Math.log(bar.close / all[i]!.close));
    const sd = Math.sqrt(hourly.reduce((sum, r) => sum + r * r, 0) / hourly.length);
    expect(sd / (9.54e-4 * Math.sqrt(12))).toBeGreaterThan(0.75);
    expect(sd / (9.54e-4 * Math.sqrt(12))).toBeLessThan(1.25);
  });
});

describe('macro', () => {
  const sessions = createSimulator(options()).sessions(120);
  const rows = sessions.flatMap(({ macro }) => macro);

  it('has a row for each business day, once and in order, and none that a session could not know at its open', () => {
    expect(rows.map(({ date }) => date)).toEqual([...new Set(rows.map(({ date }) => date))].sort());
    for (const { date } of rows) expect([0, 6]).not.toContain(new Date(`${date}T00:00Z`).getUTCDay());
    for (const { date, macro } of sessions) for (const row of macro) expect(row.date < date).toBe(true);
    const businessDays = (Date.parse(rows.at(-1)!.date) - Date.parse(rows[0]!.date)) / 86_400_000;
    expect(rows.length).toBeGreaterThan((businessDays * 5) / 7 - 2);
  });

  it('begins early enough for the first bar: two observations of every series before session 0', () => {
    for (const name of SIMULATED_MACRO)
      expect(sessions[0]!.macro.filter(({ values }) => values[name] !== undefined).length).toBeGreaterThanOrEqual(2);
  });

  it('leaves Colombian series out on Colombian holidays, and only then', () => {
    for (const { date, values } of rows) {
      expect('col10y' in values).toBe(calendar.isSessionDay(date));
      for (const name of ['dxy', 'vix', 'embi', 'brent', 'usdmxn', 'ust10y']) expect(values).toHaveProperty(name);
    }
    expect(rows.some(({ date }) => !calendar.isSessionDay(date))).toBe(true);
  });

  it('is rounded to 4 decimals, positive and finite', () => {
    for (const { values } of rows)
      for (const value of Object.values(values)) {
        expect(value).toBe(Number(value.toFixed(4)));
        expect(value).toBeGreaterThan(0);
      }
  });
});

it('names the option that is wrong', () => {
  expect(() => createSimulator(options({ seed: 0.5 }))).toThrow(/seed 0\.5/);
  expect(() => createSimulator(options({ edge: -1 }))).toThrow(/edge -1/);
  expect(() => createSimulator(options({ firstSession: '2026-02-30' }))).toThrow(/2026-02-30/);
  expect(() => createSimulator(options()).session('2026-01-03')).toThrow(/2026-01-03/);
});
