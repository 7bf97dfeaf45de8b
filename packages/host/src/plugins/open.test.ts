import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  defineStrategy,
  FLAT,
  SignalboxError,
  StrategyUnavailable,
  USD_COP,
  type AnyStrategy,
  type AnyView,
} from '@signalbox/core';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { Discovery } from './discover.js';
import { openStrategies, type OpenOptions, type OpenStrategies, type StrategyRow } from './open.js';

const FEATURES = { names: ['a', 'b'], hashes: { a: '1', b: '2' }, definitions: {} };
const folder = mkdtempSync(join(tmpdir(), 'signalbox-open-'));
afterAll(() => rmSync(folder, { recursive: true }));

const strategy = (code: string, extra: Partial<AnyStrategy> = {}): AnyStrategy => ({
  ...defineStrategy({
    code,
    name: code,
    type: 'ML',
    apiVersion: 1,
    features: ['a'],
    config: { type: 'object', properties: { limit: { type: 'number', default: 2 } }, additionalProperties: false },
    create: ({ config }) => ({ onBar: () => ({ signal: 'flat', reasoning: `limit ${config.limit}` }) }),
  }),
  ...extra,
});
const installed = (definition: AnyStrategy, models: Record<string, string> = {}): Discovery => ({
  package: `pkg-${definition.code.toLowerCase()}`,
  strategy: { package: `pkg-${definition.code.toLowerCase()}`, version: '1.0.0', folder, definition, models },
});
const row = (code: string, extra: Partial<StrategyRow> = {}): StrategyRow => ({
  code,
  package: `pkg-${code.toLowerCase()}`,
  parameters: {},
  isActive: true,
  ...extra,
});
const open = (
  rows: StrategyRow[],
  discovered: Discovery[],
  extra: Partial<OpenOptions> = {},
): Promise<OpenStrategies> =>
  openStrategies({
    rows,
    discovered,
    features: FEATURES,
    instrument: USD_COP,
    world: 'simulated',
    allowSimulatedModels: false,
    log: () => {},
    ...extra,
  });
const view: AnyView = {
  bar: { time: 0, open: 1, high: 1, low: 1, close: 1, volume: 0 },
  features: { a: 1 },
  vector: Float64Array.of(1),
  position: FLAT,
  opinions: {},
};
const state = (opened: OpenStrategies, code: string) => opened.status().find((one) => one.code === code);

describe('strategies that the host opens', () => {
  it('reports a row whose package is absent, and runs the others', async () => {
    const absent = new SignalboxError(
      'PLUGIN_NOT_INSTALLED',
      'Strategy package pkg-gone is not installed.',
      'Run: npm install pkg-gone',
    );
    const opened = await open(
      [row('GONE'), row('GOOD')],
      [{ package: 'pkg-gone', problem: absent }, installed(strategy('GOOD'))],
    );
    expect(opened.seats.map((seat) => seat.code)).toEqual(['GOOD']);
    expect(state(opened, 'GONE')).toMatchObject({
      state: 'not_installed',
      reason: expect.stringContaining('npm install pkg-gone'),
    });
    expect(await opened.ask(opened.seats[0]!, view)).toEqual({ signal: 'flat', reasoning: 'limit 2' });
  });

  it('runs nothing for a row that names a package outside the allow-list, another strategy’s package, or none', async () => {
    const opened = await open(
      [
        row('OTHER', { package: 'pkg-unlisted' }),
        row('WRONG', { package: 'pkg-good' }),
        row('OUTSIDE', { package: null }),
        row('OFF', { isActive: false }),
      ],
      [installed(strategy('GOOD')), installed(strategy('OFF'))],
    );
    expect(opened.seats).toEqual([]);
    expect(['OTHER', 'WRONG', 'OUTSIDE', 'OFF'].map((code) => state(opened, code)?.state)).toEqual([
      'refused',
      'refused',
      'external',
      'inactive',
    ]);
  });

  it('keeps the seat of one that cannot start, which then says why on every bar', async () => {
    const unavailable = strategy('NOKEY', {
      create: () => Promise.reject(new StrategyUnavailable('no API key', 'set one')),
    });
    const broken = strategy('BROKEN', { create: () => { throw new Error('boom'); } }); // prettier-ignore
    const opened = await open(
      [row('NOKEY'), row('BROKEN'), row('GOOD')],
      [unavailable, broken, strategy('GOOD')].map((one) => installed(one)),
    );
    const said = await Promise.all(opened.seats.map((seat) => opened.ask(seat, view)));
    expect(said[0]).toMatchObject({
      signal: 'none',
      code: 'unavailable',
      reasoning: expect.stringContaining('no API key'),
    });
    expect(said[1]).toMatchObject({ signal: 'none', code: 'unavailable', reasoning: expect.stringContaining('boom') });
    expect(said[2]).toMatchObject({ signal: 'flat' });
    expect([state(opened, 'NOKEY')?.state, state(opened, 'BROKEN')?.state]).toEqual(['DEGRADED', 'FAULTED']);
  });

  it('refuses parameters that do not fit the schema, naming them, and features that do not exist', async () => {
    const opened = await open(
      [row('A', { parameters: { limit: 'x', extra: 1 } }), row('B')],
      [installed(strategy('A')), installed(strategy('B', { features: ['a', 'nope'] }))],
    );
    expect(state(opened, 'A')?.reason).toMatch(/\/limit must be number/);
    expect(state(opened, 'A')?.reason).toMatch(/"extra"/);
    expect(state(opened, 'B')?.reason).toMatch(/nope/);
  });

  it('is degraded with the reason while a strategy throws, and well again when it answers', async () => {
    let fails = true;
    const moody = strategy('MOODY', {
      create: () => ({
        onBar() {
          if (fails) throw new Error('not today');
          return { signal: 'flat', reasoning: 'fine' };
        },
      }),
    });
    const opened = await open([row('MOODY')], [installed(moody)]);
    expect(await opened.ask(opened.seats[0]!, view)).toMatchObject({ signal: 'none', code: 'unavailable' });
    expect(state(opened, 'MOODY')).toMatchObject({ state: 'DEGRADED', reason: expect.stringContaining('not today') });
    fails = false;
    await opened.ask(opened.seats[0]!, view);
    expect(state(opened, 'MOODY')).toMatchObject({ state: 'RUNNING', reason: null });
  });

  it('does not wait beyond the deadline', async () => {
    const slow = strategy('SLOW', { create: () => ({ onBar: () => new Promise(() => {}) }) });
    const opened = await open([row('SLOW')], [installed(slow)], { askDeadlineMs: 30 });
    expect(await opened.ask(opened.seats[0]!, view)).toMatchObject({ signal: 'none', code: 'timeout' });
  });

  it('refuses a model trained on simulated data in a market world, unless it is allowed', async () => {
    writeFileSync(join(folder, 'model_v3.json'), '{}');
    writeFileSync(join(folder, 'model_v3.manifest.json'), '{"trained_on":"simulated"}');
    const definition = strategy('MODEL', { artifacts: { model: ['xgboost-json'] } });
    const with3 = [installed(definition, { model: './model_v3.json' })];
    const refused = await open([row('MODEL')], with3, { world: 'market' });
    expect(state(refused, 'MODEL')).toMatchObject({ state: 'DEGRADED', reason: expect.stringContaining('simulated') });
    const allowed = await open([row('MODEL')], with3, { world: 'market', allowSimulatedModels: true });
    expect(state(allowed, 'MODEL')).toMatchObject({
      state: 'READY',
      champion: { version: '0', trainedOn: 'simulated' },
    });
  });
});

describe('an ensemble in a process of its own that starts late', () => {
  afterEach(() => vi.useRealTimers());

  /** Its process answers `open` when told to. */
  function late(): { readonly discovery: Discovery; readonly opened: () => Promise<void> } {
    let tell = (_: unknown): void => {};
    const child = {
      onLog() {},
      onDeath() {},
      open: () => new Promise((resolve) => (tell = resolve)),
      ask: (asked: AnyView) =>
        Promise.resolve({
          opinion: { signal: 'flat', reasoning: Object.keys(asked.opinions).join() },
          fault: null,
          state: null,
        }),
      kill: async () => {},
      close: async () => {},
    };
    const { type: _, ...rest } = strategy('ALL');
    const definition = { ...rest, type: 'ENSEMBLE', gathers: true } as AnyStrategy;
    const found = installed(definition) as Extract<Discovery, { strategy: unknown }>;
    const apart = { start: () => child, release: async () => {} } as never;
    return {
      discovery: { ...found, strategy: { ...found.strategy, apart } },
      async opened() {
        tell({ members: ['ONE'], state: null });
        await vi.advanceTimersByTimeAsync(0);
      },
    };
  }
  const heard = { ...view, opinions: { ONE: { signal: 'flat', reasoning: '' } } } as AnyView;

  it('is waited for as long as a start may take: without it nobody knows whom it listens to', async () => {
    vi.useFakeTimers();
    const { discovery, opened } = late();
    const opening = open([row('ALL'), row('ONE')], [discovery, installed(strategy('ONE'))]);
    await vi.advanceTimersByTimeAsync(15_000);
    await opened();
    const strategies = await opening;
    expect(strategies.seats.map(({ code, members }) => [code, members])).toEqual([
      ['ONE', []],
      ['ALL', ['ONE']],
    ]);
  });

  it('says that it is unavailable until it has named its members, and hears them from the next bar on', async () => {
    vi.useFakeTimers();
    const { discovery, opened } = late();
    const opening = open([row('ALL'), row('ONE')], [discovery, installed(strategy('ONE'))]);
    await vi.advanceTimersByTimeAsync(20_000);
    const strategies = await opening;
    const [seat] = strategies.seats;
    expect(seat).toMatchObject({ code: 'ALL', members: [] });
    expect(await strategies.ask(seat!, view)).toMatchObject({ signal: 'none', code: 'unavailable' });
    await opened();
    // the bar that was begun before
    expect(await strategies.ask(seat!, view)).toMatchObject({ signal: 'none', code: 'unavailable' });
    const seats = strategies.seats;
    expect(seats.map(({ code, members }) => [code, members])).toEqual([
      ['ONE', []],
      ['ALL', ['ONE']],
    ]);
    expect(strategies.seats).toBe(seats);
    expect(await strategies.ask(seats[1]!, heard)).toMatchObject({ signal: 'flat', reasoning: 'ONE' });
  });
});
