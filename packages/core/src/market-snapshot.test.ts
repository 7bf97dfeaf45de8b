import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultFeatures } from './features/default.js';
import { compileFeatures, computeFeatures, type FeaturePlan, type FeatureTable } from './features/engine.js';
import { parseFeatureConfig } from './features/parse.js';
import { createSeriesTable } from './features/series.js';
import { createSymbolBars } from './features/symbol-bars.js';
import { syntheticBars, syntheticSeries } from './features/synthetic.fixture.js';
import { TRANSFORMS, type Transform } from './features/transforms.js';
import { restoreMarket, saveMarket } from './market-snapshot.js';
import { observe, openMarket, type MarketState } from './market-state.js';
import type { Bar } from './market/bar.js';
import { createCalendar } from './market/calendar.js';
import { USDCOP_CALENDAR } from './market/calendars.js';

const calendar = createCalendar(USDCOP_CALENDAR);
const config = defaultFeatures();
const plan = compileFeatures(config, calendar);
const series = syntheticSeries(config, calendar, '2023-11-01', '2024-04-30');
const bars = syntheticBars(calendar, '2024-01-02', '2024-03-08');
const RUNS = { numRuns: 40, seed: 20261122 };

/** Everything that a bar's observation says, copied. */
function run(state: MarketState, tape: readonly Bar[]): Float64Array[] {
  return tape.map((bar) => {
    const { features, atr14, volatilityRank, costBps, stale, suspect } = observe(state, bar, calendar.slot(bar.time)!);
    return Float64Array.from([
      ...features.values,
      ...features.status,
      atr14,
      volatilityRank,
      costBps,
      Number(stale),
      Number(suspect),
      state.costBps,
    ]);
  });
}
/** The first bar at which two runs differ in any bit; −1 for none. Quicker than a deep comparison of thousands of rows. */
function parting(a: readonly Float64Array[], b: readonly Float64Array[]): number {
  if (a.length !== b.length) return Math.min(a.length, b.length);
  return a.findIndex((row, i) => row.some((value, k) => !Object.is(value, b[i]![k])));
}
const fresh = (): MarketState => openMarket(plan, series, calendar);
/** Leaves out random bars, singly and in runs; some closes jump or stay, so that quality and gaps have something to remember. */
const tapes = fc
  .array(fc.tuple(fc.nat(bars.length - 1), fc.integer({ min: 1, max: 12 })), { maxLength: 20 })
  .map((gaps) => {
    const absent = new Set(gaps.flatMap(([at, length]) => Array.from({ length }, (_, i) => at + i)));
    return bars.filter((_, i) => !absent.has(i));
  });

describe('rule 5: start does not matter', () => {
  it('restored from a snapshot at any bar equals continued, to the bit, and again from a copy of the bytes', () => {
    fc.assert(
      fc.property(tapes, fc.double({ min: 0, max: 1, noNaN: true }), (tape, share) => {
        const cut = Math.floor(share * (tape.length - 2)) + 1;
        const state = fresh();
        run(state, tape.slice(0, cut));
        const snapshot = saveMarket(plan, state, tape[cut - 1]!.time);
        const bytes = structuredClone(new Uint8Array(snapshot.numbers.buffer));
        const copy = { ...snapshot, numbers: new Float64Array(bytes.buffer) };
        const restored = restoreMarket(plan, series, calendar, copy);
        expect([...restored.features.row.values]).toEqual([...state.features.row.values]);
        const rest = tape.slice(cut);
        expect(parting(run(restored, rest), run(state, rest))).toBe(-1);
        const again = restoreMarket(plan, series, calendar, copy);
        expect(again.costBps, 'the snapshot itself was not written to').toBe(
          restoreMarket(plan, series, calendar, snapshot).costBps,
        );
      }),
      RUNS,
    );
  });

  it('random starts, random absent bars: the same numbers to 2e-6 from stable_after on', () => {
    const features = config.features.map((feature) => feature.stable_after);
    const width = plan.names.length;
    fc.assert(
      fc.property(tapes, fc.nat(1200), fc.nat(600), (tape, start, more) => {
        const end = Math.min(tape.length - 1, start + 320 + more);
        const whole = run(fresh(), tape.slice(0, end));
        const later = run(fresh(), tape.slice(start, end));
        for (let i = 0; i < end - start; i++) {
          for (let k = 0; k < width; k++) {
            const [a, b] = [whole[start + i]![k]!, later[i]![k]!];
            if (i < features[k]!) continue;
            // slots before the first bar count as absent: the later start hides as much or more, never less
            if (Number.isNaN(b)) continue;
            if (!(Math.abs(a - b) <= 2e-6)) expect.fail(`${plan.names[k]} ${i} bars after the start: ${a} and ${b}`);
          }
        }
        const last = later.at(-1)!;
        expect([...last.slice(0, width)].filter((value) => !Number.isNaN(value)).length).toBeGreaterThan(0);
      }),
      RUNS,
    );
  });

  it('an embedder without a snapshot replays 600 bars: every feature and ATR14 are there and equal to 2e-6', () => {
    const whole = run(fresh(), bars);
    const late = run(fresh(), bars.slice(bars.length - 601));
    const [a, b] = [whole.at(-1)!, late.at(-1)!];
    for (let k = 0; k < plan.names.length; k++) expect(Math.abs(a[k]! - b[k]!)).toBeLessThanOrEqual(2e-6);
    const atr = 2 * plan.names.length;
    expect(Math.abs(a[atr]! - b[atr]!)).toBeLessThanOrEqual(2e-6);
  });

  it('keeps other symbols’ state too, and finds its place in their bars again', () => {
    const json = {
      version: '1.0.0',
      series: {},
      features: [
        {
          name: 'own',
          source: { bar: 'close' },
          transforms: [{ name: 'rsi', period: 9 }],
          normalisation: { kind: 'none' },
          stable_after: 9,
        },
        {
          name: 'mxn',
          source: { bar: ['high', 'low', 'close'], symbol: 'USD/MXN' },
          transforms: [{ name: 'atr', period: 10 }],
          normalisation: { kind: 'none' },
          stable_after: 10,
        },
      ],
    };
    const two = compileFeatures(parseFeatureConfig(json), calendar);
    const others = createSymbolBars();
    for (const bar of syntheticBars(calendar, '2024-01-02', '2024-02-02', 9)) others.add('USD/MXN', bar);
    const none = syntheticSeries({ ...config, series: {} }, calendar, '2024-01-01', '2024-01-02');
    const open = () => openMarket(two, none, calendar, others);
    const tape = bars.slice(0, 900);
    const state = open();
    run(state, tape.slice(0, 500));
    const snapshot = saveMarket(two, state, tape[499]!.time);
    const rest = tape.slice(500);
    expect(parting(run(restoreMarket(two, none, calendar, snapshot, others), rest), run(state, rest))).toBe(-1);
  });

  it('refuses a snapshot of other features, another layout or cut off, by code', () => {
    const state = fresh();
    run(state, bars.slice(0, 10));
    const snapshot = saveMarket(plan, state, bars[9]!.time);
    const fewer = compileFeatures({ ...config, features: config.features.slice(1) }, calendar);
    expect(() => restoreMarket(fewer, series, calendar, snapshot)).toThrow(/other features/);
    const cut = { ...snapshot, numbers: snapshot.numbers.slice(1) };
    expect(() => restoreMarket(plan, series, calendar, cut)).toThrow(
      expect.objectContaining({ code: 'SNAPSHOT_UNUSABLE' }),
    );
  });
});

describe('scrambled futures: no row knows of a later bar, a later macro value or a later bar of another symbol', () => {
  const OTHER = 'USD/MXN';
  const none = { kind: 'none' } as const;
  /** Reads one bar ahead: what the engine must never do, and what the comparison must find. */
  const peek: Transform = {
    name: 'peek',
    version: 1,
    takes: 'bar field',
    parameters: {},
    warmUp: () => 0,
    recursive: false,
    create: (uses, tape) =>
      uses.map(({ field, column }) => ({
        state: new Float64Array(0),
        run(from: number, to: number) {
          for (let i = from; i < to; i++) column[i] = tape.fields[field][i + 1] ?? NaN;
        },
      })),
  };
  const json = defaultFeatures() as unknown as { features: object[] };
  const feature = (name: string, source: object, transforms: object[]) => ({
    ...{ name, source, transforms, normalisation: none },
    stable_after: 20,
  });
  const planWith = (...more: object[]): FeaturePlan => {
    const { position_features: _, transforms: __, ...rest } = config as unknown as Record<string, unknown>;
    const all = { ...rest, features: [...json.features, ...more] };
    return compileFeatures(parseFeatureConfig(all, undefined, new Map([...TRANSFORMS, ['peek', peek]])), calendar);
  };
  const honest = planWith(
    feature('mxn_rsi', { bar: 'close', symbol: OTHER }, [{ name: 'rsi', period: 9 }]),
    feature('left', { calendar: 'slots_left' }, []),
  );
  const mxn = syntheticBars(calendar, '2024-01-02', '2024-03-08', 9);
  const dateOf = (bar: Bar): string => calendar.slot(bar.time)!.session;
  const known = (from: string, factor: number) => {
    const table = createSeriesTable(config, calendar);
    for (const name of table.names)
      for (let day = Date.parse('2023-11-01'), i = 1; day <= Date.parse('2024-04-30'); day += 86_400_000, i++) {
        const date = new Date(day).toISOString().slice(0, 10);
        table.add(name, date, (100 + (i % 17)) * (date >= from ? factor : 1));
      }
    return table;
  };
  /** Another market altogether from bar `end` on, with its own absent bars, too. */
  const scramble = (tape: readonly Bar[], end: number, seed: number): Bar[] =>
    tape.flatMap((bar, i) => {
      if (i < end) return [bar];
      const factor = 1 + ((seed >> (i % 16)) & 1) * 0.2;
      return i > end && (seed + i) % 5 === 0 ? [] : [{ ...bar, close: bar.close * factor, high: bar.high * 1.3 }];
    });
  /**
   * The first bar before `end` whose row is another one when everything from there on is; −1: none. In a batch, where it could
   * be. `early`: scrambles as many bars more of the other symbol, and of the days of macro values.
   */
  const reached = (
    of: FeaturePlan,
    tape: readonly Bar[],
    end: number,
    seed: number,
    early: { readonly other?: number; readonly macro?: number } = {},
  ): number => {
    const cut = tape[end]!.time;
    const firstOther = mxn.findIndex((bar) => bar.time >= cut) - (early.other ?? 0);
    const rows = [false, true].map((scrambled) => {
      const others = createSymbolBars();
      const theirs = scrambled ? scramble(mxn, firstOther, seed) : mxn;
      for (const bar of theirs) others.add(OTHER, bar);
      // the value of a session's own date is seen the next morning
      const table = known(scrambled ? dateOf(tape[Math.max(0, end - 1 - (early.macro ?? 0))]!) : '9999', 1.5);
      return computeFeatures(of, table, scrambled ? scramble(tape, end, seed) : tape, others);
    });
    const [a, b] = rows as [FeatureTable, FeatureTable];
    const width = of.names.length;
    for (let i = 0; i < end * width; i++)
      if (!Object.is(a.values[i], b.values[i]) || a.status[i] !== b.status[i]) return Math.floor(i / width);
    return -1;
  };

  it('whatever is scrambled from a random bar on, no row before it changes in any bit', () => {
    fc.assert(
      fc.property(tapes, fc.double({ min: 0.1, max: 0.9, noNaN: true }), fc.nat(65_535), (tape, share, seed) => {
        const end = Math.floor(share * tape.length);
        // features of bars and macro values alone are made in runs of bars, with others among them bar by bar
        for (const of of [plan, honest]) expect(reached(of, tape, end, seed | 1)).toBe(-1);
      }),
      { ...RUNS, numRuns: 15 },
    );
  });

  it('the comparison finds a look-ahead that is planted, of a bar, of another symbol’s bar and of a macro value', () => {
    const ends = Array.from({ length: 8 }, (_, i) => 300 + 161 * i);
    const found = (of: FeaturePlan, early = {}) =>
      ends.filter((end) => reached(of, bars, end, 0xffff, early) !== -1).length;
    expect(found(planWith(feature('ahead', { bar: 'close' }, [{ name: 'peek' }])))).toBe(ends.length);
    expect(found(honest, { other: 1 }), 'the other symbol’s bar of the last slot').toBe(ends.length);
    expect(found(honest, { macro: 120 }), 'values of two sessions before').toBe(ends.length);
    expect(found(honest)).toBe(0);
  });
});
