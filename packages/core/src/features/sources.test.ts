import { describe, expect, it } from 'vitest';
import type { Bar } from '../market/bar.js';
import { createCalendar } from '../market/calendar.js';
import { USDCOP_CALENDAR } from '../market/calendars.js';
import { defineTransform, withTransforms } from './custom-transform.js';
import { defaultFeatures } from './default.js';
import { compileFeatures, computeFeatures, type FeaturePlan } from './engine.js';
import { parseFeatureConfig } from './parse.js';
import { createSeriesTable } from './series.js';
import { createSymbolBars } from './symbol-bars.js';
import { syntheticBars } from './synthetic.fixture.js';

const calendar = createCalendar(USDCOP_CALENDAR);
const bars = syntheticBars(calendar, '2024-01-02', '2024-02-09');
const NONE = { kind: 'none' };
const file = (features: readonly object[], series: object = {}) => ({ version: '1.0.0', series, features });
const feature = (name: string, source: object, transforms: readonly object[] = [], stable_after = 0) => ({
  name,
  source,
  transforms,
  normalisation: NONE,
  stable_after,
});
const noSeries = createSeriesTable({ series: {} }, calendar);

/** One column, batch and streaming, which must agree to the bit. */
function column(plan: FeaturePlan, name: string, tape: readonly Bar[] = bars, others = createSymbolBars()): number[] {
  const table = computeFeatures(plan, noSeries, tape, others);
  const stream = plan.stream(noSeries, others);
  const pushed = tape.flatMap((bar) => [...stream.push(bar, calendar.slot(bar.time)!).values]);
  expect(Float64Array.from(pushed)).toEqual(table.values);
  const at = plan.names.indexOf(name);
  return Array.from(table.times, (_, row) => table.values[row * plan.names.length + at]!);
}

describe('rule 10: the calendar as a source', () => {
  it('slot, slots left, minutes to the close, day of the week, days since the last session', () => {
    const plan = compileFeatures(
      parseFeatureConfig(
        file(
          ['slot', 'slots_left', 'minutes_to_close', 'day_of_week', 'days_since_session'].map((field) =>
            feature(field, { calendar: field }),
          ),
        ),
      ),
      calendar,
    );
    const read = (iso: string) => {
      const i = bars.findIndex((bar) => bar.time === Date.parse(iso));
      return plan.names.map((name) => column(plan, name)[i]);
    };
    // Tuesday 9 January 2024 follows a holiday Monday (Epiphany, moved): the session before was on Friday
    expect(read('2024-01-09T13:00:00Z')).toEqual([0, 59, 295, 2, 4]);
    expect(read('2024-01-10T17:55:00Z')).toEqual([59, 0, 0, 3, 1]);
  });

  it('through a cycle and a normalisation, beside features of bars', () => {
    const plan = compileFeatures(
      parseFeatureConfig(
        file([
          {
            ...feature('wave', { calendar: 'slot' }, [{ name: 'sine_of_cycle', period: 60 }]),
            normalisation: { kind: 'range', min: -1, max: 1 },
          },
          feature('ret', { bar: 'close' }, [{ name: 'log_return', slots: 1 }], 1),
        ]),
      ),
      calendar,
    );
    const waves = column(plan, 'wave');
    bars.forEach((bar, i) => {
      const { index } = calendar.slot(bar.time)!;
      expect(waves[i]).toBeCloseTo((Math.sin((2 * Math.PI * index) / 60) + 1) / 2, 14);
    });
    expect(column(plan, 'ret')[5]).toBe(Math.log(bars[5]!.close / bars[4]!.close));
  });
});

describe('rule 10: another symbol’s bar as a source', () => {
  const plan = compileFeatures(
    parseFeatureConfig(
      file([
        feature('own', { bar: 'close' }, [{ name: 'log_return', slots: 1 }], 1),
        feature('other', { bar: 'close', symbol: 'USD/MXN' }, [{ name: 'log_return', slots: 12 }], 12),
        feature('other_rsi', { bar: 'close', symbol: 'USD/MXN' }, [{ name: 'rsi', period: 9 }], 20),
      ]),
    ),
    calendar,
  );
  const mxn = syntheticBars(calendar, '2024-01-02', '2024-02-09', 77);
  const table = (list: readonly Bar[]) => {
    const others = createSymbolBars();
    for (const bar of list) others.add('USD/MXN', bar);
    return others;
  };

  it('gives what that symbol’s own stream gives in the same slot, and its hash names the symbol', () => {
    const alone = compileFeatures(
      parseFeatureConfig(file([feature('rsi', { bar: 'close' }, [{ name: 'rsi', period: 9 }], 20)])),
      calendar,
    );
    expect(column(plan, 'other_rsi', bars, table(mxn))).toEqual(column(alone, 'rsi', mxn));
    expect(plan.symbols).toEqual(['USD/MXN']);
    const elsewhere = compileFeatures(
      parseFeatureConfig(
        file([feature('other', { bar: 'close', symbol: 'USD/BRL' }, [{ name: 'log_return', slots: 12 }], 12)]),
      ),
      calendar,
    );
    expect(elsewhere.hashes['other']).not.toBe(plan.hashes['other']);
  });

  it('is missing where the other symbol has no bar, and for one without any; its future is not seen', () => {
    const gap = table(mxn.filter((_, i) => i !== 40));
    expect(column(plan, 'other', bars, gap)[40]).toBeNaN();
    expect(column(plan, 'other', bars, gap)[41]).not.toBeNaN();
    expect(column(plan, 'other').every(Number.isNaN)).toBe(true);
    const scrambled = table(mxn.map((bar, i) => (i > 100 ? { ...bar, close: bar.close * 2 } : bar)));
    expect(column(plan, 'other', bars, scrambled).slice(0, 101)).toEqual(
      column(plan, 'other', bars, table(mxn)).slice(0, 101),
    );
  });
});

describe('rule 10: transforms of a plugin', () => {
  const ema = defineTransform({
    name: 'acme_ema',
    version: 1,
    takes: 'bar field',
    parameters: { period: { type: 'integer', minimum: 2, maximum: 500 } },
    warmUp: ({ period }) => period as number,
    recursive: true,
    create: ({ period }) => {
      const state = new Float64Array(2);
      return {
        state,
        push(value) {
          const weight = 2 / ((period as number) + 1);
          state[1] = state[0] === 0 ? value : state[1]! + (value - state[1]!) * weight;
          state[0] = 1;
          return state[1]!;
        },
      };
    },
  });
  const inverse = defineTransform({
    name: 'acme_inverse',
    version: 1,
    takes: 'number',
    parameters: {},
    create: () => (value) => 1 / value,
  });
  const chain = [
    { name: 'acme_ema', period: 5 },
    { name: 'percent_of', field: 'close' },
  ];
  const parse = (features: readonly object[], transforms = withTransforms([ema, inverse])) =>
    parseFeatureConfig(file(features), undefined, transforms);

  it('runs in a chain with the engine’s own, streaming equal to batch', () => {
    const plan = compileFeatures(parse([feature('ema', { bar: 'close' }, chain, 5)]), calendar);
    let [average, first] = [0, true];
    const values = column(plan, 'ema');
    bars.forEach((bar, i) => {
      average = first ? bar.close : average + (bar.close - average) / 3;
      first = false;
      // the missing-gap rule hides a recursive value until enough slots are behind it
      if (i >= 54) expect(values[i]).toBeCloseTo((average / bar.close) * 100, 10);
      else if (i < 5) expect(values[i]).toBeNaN();
    });
  });

  it('is given NaN where the chain has no number, and never an infinity, in a batch as one by one', () => {
    const met: number[] = [];
    const spy = defineTransform({
      name: 'acme_spy',
      version: 1,
      takes: 'bar number',
      parameters: {},
      create: () => ({
        push(value) {
          met.push(value);
          return Number.isNaN(value) ? -1 : value;
        },
      }),
    });
    const holed = bars.filter((_, i) => i !== 30).map((bar, i) => ({ ...bar, volume: i === 40 ? 0 : 1 }));
    const steps = [{ name: 'log_return', slots: 1 }, { name: 'percent_of', field: 'volume' }, { name: 'acme_spy' }];
    const plan = compileFeatures(parse([feature('x', { bar: 'close' }, steps, 1)], withTransforms([spy])), calendar);
    const values = column(plan, 'x', holed);
    const [batch, streamed] = [met.slice(0, holed.length), met.slice(holed.length)];
    expect(batch).toHaveLength(holed.length);
    expect(streamed).toEqual(batch);
    // the first bar, the one after the absent slot, the division by zero
    expect(batch.flatMap((value, i) => (Number.isNaN(value) ? [i] : []))).toEqual([0, 30, 40]);
    expect(batch.filter((value) => Math.abs(value) === Infinity)).toEqual([]);
    expect(values.slice(29, 32), 'what it makes of a NaN counts').toEqual([expect.any(Number), -1, expect.any(Number)]);
  });

  it('one that remembers after a step that does not: hidden while too many slots are absent, and goes on over them', () => {
    const remembers = (recursive: boolean) =>
      defineTransform({
        name: 'acme_mean',
        version: 1,
        takes: 'bar number',
        parameters: {},
        recursive,
        create() {
          const state = Float64Array.of(0);
          return {
            state,
            push(value) {
              if (!Number.isNaN(value)) state[0] = state[0]! + (value - state[0]!) / 10;
              return state[0]!;
            },
          };
        },
      });
    const steps = [{ name: 'log_return', slots: 1 }, { name: 'acme_mean' }];
    const of = (recursive: boolean, tape: readonly Bar[]) =>
      column(
        compileFeatures(
          parse([feature('m', { bar: 'close' }, steps, 1)], withTransforms([remembers(recursive)])),
          calendar,
        ),
        'm',
        tape,
      );
    // 7 of 60 slots are absent: one too many, until a session later
    const holed = bars.filter((_, i) => i < 120 || i >= 127);
    const [open, hidden] = [of(false, holed), of(true, holed)];
    expect(open.slice(1).some(Number.isNaN)).toBe(false);
    const missing = hidden.flatMap((value, i) => (i >= 60 && Number.isNaN(value) ? [i] : []));
    expect([missing[0], missing.at(-1), missing.length]).toEqual([120, 120 + 52, 53]);
    expect(hidden.slice(173), 'the state was fed all along').toEqual(open.slice(173));
  });

  it('has its version in the hash of each feature that uses it, and in no other', () => {
    const both = [
      feature('ema', { bar: 'close' }, chain, 5),
      feature('ret', { bar: 'close' }, [{ name: 'log_return', slots: 1 }], 1),
    ];
    const one = compileFeatures(parse(both), calendar).hashes;
    const two = compileFeatures(parse(both, withTransforms([{ ...ema, version: 2 }, inverse])), calendar).hashes;
    expect(two['ema']).not.toBe(one['ema']);
    expect(two['ret']).toBe(one['ret']);
  });

  it('an infinite value counts as missing before a clip could make a number of it', () => {
    const plan = compileFeatures(
      parse([
        {
          ...feature('inv', { calendar: 'slot' }, [{ name: 'acme_inverse' }]),
          normalisation: { kind: 'none', clip: [0, 2] },
        },
      ]),
      calendar,
    );
    expect(column(plan, 'inv').slice(0, 3)).toEqual([NaN, 1, 0.5]);
  });

  it('is unknown without its plugin, keeps its parameters’ bounds, and cannot take an engine’s name or another’s', () => {
    expect(() => parseFeatureConfig(file([feature('ema', { bar: 'close' }, chain, 5)]))).toThrow(
      /must be one of log_return, rsi/,
    );
    expect(() => parse([feature('ema', { bar: 'close' }, [{ name: 'acme_ema', period: 1 }], 5)])).toThrow(
      /period: must be an integer from 2/,
    );
    expect(() => parse([feature('ema', { bar: 'close' }, chain, 4)])).toThrow(
      /stable_after: must be an integer from 5/,
    );
    expect(() => defineTransform({ ...inverse, name: 'rsi' })).toThrow(/the engine has one of that name/);
    expect(() => withTransforms([ema, ema])).toThrow(/two plugins/);
  });
});

it('rule 7: a monthly series of a file states its lag, is joined by it, and ages by it', () => {
  const cpi = { frequency: 'monthly', available: { rule: 'lag', days: 20 } };
  const config = parseFeatureConfig(file([feature('cpi', { series: 'cpi' }, [{ name: 'latest' }])], { cpi }));
  const plan = compileFeatures(config, calendar);
  const series = createSeriesTable(config, calendar);
  series.add('cpi', '2024-01-01', 9.28);
  const times = [
    ['2024-01-19T17:55:00Z', NaN],
    // 21 January is a Sunday, 08:00 Bogota
    ['2024-01-22T13:00:00Z', 9.28],
    // the limit is lag + 40 days, included
    ['2024-03-01T17:55:00Z', 9.28],
    ['2024-03-04T13:00:00Z', NaN],
  ] as const;
  const stream = plan.stream(series);
  for (const [iso, value] of times) {
    const time = Date.parse(iso);
    const bar = { time, open: 1, high: 1, low: 1, close: 1, volume: 0 };
    expect(stream.push(bar, calendar.slot(time)!).values[0], iso).toBe(value);
  }
  expect(() =>
    parseFeatureConfig(
      file([feature('x', { series: 'cpi' }, [{ name: 'latest' }])], { cpi: { frequency: 'quarterly' } }),
    ),
  ).toThrow(/series\.cpi\.available: a quarterly series must state a lag/);
  expect(defaultFeatures().series['dxy']!.frequency).toBe('daily');
});
