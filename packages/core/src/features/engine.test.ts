import { describe, expect, it } from 'vitest';
import { createCalendar } from '../market/calendar.js';
import { USDCOP_CALENDAR } from '../market/calendars.js';
import type { Bar } from '../market/bar.js';
import { defaultFeatures } from './default.js';
import { compileFeatures, computeFeatures, type FeatureTable } from './engine.js';
import { parseFeatureConfig } from './parse.js';
import { createSeriesTable } from './series.js';
import { syntheticBars, syntheticSeries } from './synthetic.fixture.js';

const calendar = createCalendar(USDCOP_CALENDAR);
const config = defaultFeatures();
const plan = compileFeatures(config, calendar);
const NAMES = plan.names;
const empty = () => createSeriesTable(config, calendar);
const series = syntheticSeries(config, calendar, '2023-11-01', '2024-04-30');
const bars = syntheticBars(calendar, '2024-01-02', '2024-04-01');

/** One feature by the bar's time. */
function column(table: FeatureTable, name: string): Map<number, number> {
  const at = NAMES.indexOf(name);
  return new Map(Array.from(table.times, (time, row) => [time, table.values[row * NAMES.length + at]!]));
}
function statusOf(table: FeatureTable, name: string): Map<number, number> {
  const at = NAMES.indexOf(name);
  return new Map(Array.from(table.times, (time, row) => [time, table.status[row * NAMES.length + at]!]));
}
const at = (iso: string): number => Date.parse(iso);
const drop = (list: readonly Bar[], absent: (bar: Bar, i: number) => boolean) =>
  list.filter((bar, i) => !absent(bar, i));

describe('the default file', () => {
  it("defines the 13 in the reference's order", () => {
    // prettier-ignore
    expect(NAMES).toEqual(['log_ret_5m', 'log_ret_1h', 'log_ret_4h', 'rsi_9', 'atr_pct', 'adx_14', 'dxy_z', 'dxy_change_1d', 'vix_z', 'embi_z', 'brent_change_1d', 'rate_spread', 'usdmxn_change_1d']);
  });

  it('values by an independent formula on one bar', () => {
    const table = computeFeatures(plan, series, bars);
    const i = 2000;
    const bar = bars[i]!;
    const value = (name: string) => column(table, name).get(bar.time)!;
    expect(value('log_ret_5m')).toBeCloseTo(Math.log(bar.close / bars[i - 1]!.close), 14);
    expect(value('log_ret_1h')).toBeCloseTo(Math.log(bar.close / bars[i - 12]!.close), 14);
    expect(value('log_ret_4h')).toBeCloseTo(Math.log(bar.close / bars[i - 48]!.close), 14);
    let [gain, loss, range] = [0, 0, 0];
    for (let j = 1; j <= i; j++) {
      const change = bars[j]!.close - bars[j - 1]!.close;
      const before = bars[j - 1]!.close;
      const tr = Math.max(
        bars[j]!.high - bars[j]!.low,
        Math.abs(bars[j]!.high - before),
        Math.abs(bars[j]!.low - before),
      );
      gain = (gain * 8 + Math.max(change, 0)) / 9;
      loss = (loss * 8 + Math.max(-change, 0)) / 9;
      range = (range * 9 + tr) / 10;
    }
    expect(value('rsi_9')).toBeCloseTo(gain / (gain + loss), 9);
    expect(value('atr_pct')).toBeCloseTo((range / bar.close) * 100, 9);
    expect(value('adx_14')).toBeGreaterThan(0);
    expect(value('adx_14')).toBeLessThan(1);
    const session = calendar.sessionDate(bar.time);
    const seen = (name: string) => {
      const { days, values, availableAt } = series.column(name);
      const known = days.map((day, k) => ({ day, value: values[k]! })).filter((_, k) => availableAt[k]! <= bar.time);
      expect(new Date(known.at(-1)!.day * 864e5).toISOString() < session).toBe(true);
      return known.slice(-2).map((o) => o.value) as [number, number];
    };
    expect(value('dxy_z')).toBeCloseTo((seen('dxy')[1] - 100.21) / 5.6, 12);
    expect(value('vix_z')).toBeCloseTo((seen('vix')[1] - 21.16) / 7.89, 12);
    expect(value('embi_z')).toBeCloseTo((seen('embi')[1] - 322.01) / 62.68, 12);
    for (const name of ['dxy', 'brent', 'usdmxn'])
      expect(value(`${name}_change_1d`)).toBeCloseTo(seen(name)[1] / seen(name)[0] - 1, 12);
    expect(value('rate_spread')).toBeCloseTo((seen('col10y')[1] - seen('ust10y')[1] - 7.03) / 1.41, 12);
  });
});

describe('rule 2: streaming equals batch', () => {
  it('to the bit, with absent slots, and whatever ran before on the same plan', () => {
    const holes = syntheticBars(calendar, '2024-01-02', '2024-03-01', 7, (_, random) => random() < 0.06);
    const table = computeFeatures(plan, series, holes);
    computeFeatures(plan, series, bars);
    const stream = plan.stream(series);
    const bits = (values: Float64Array) => Array.from(new BigUint64Array(values.slice().buffer));
    let row = 0;
    for (const bar of holes) {
      const got = stream.push(bar, calendar.slot(bar.time)!);
      const from = row * NAMES.length;
      expect(bits(got.values)).toEqual(bits(table.values.slice(from, from + NAMES.length)));
      expect(got.status).toEqual(table.status.slice(from, from + NAMES.length));
      row++;
    }
    expect(row).toBe(table.times.length);
    expect(table.status.filter((s) => s === 0).length).toBeGreaterThan(row * 8);
  });

  it('one stream may take bars singly and many at once, in pieces of any size, with the same numbers to the bit', () => {
    const holes = syntheticBars(calendar, '2024-01-02', '2024-03-01', 7, (_, random) => random() < 0.06);
    const table = computeFeatures(plan, series, holes);
    const width = NAMES.length;
    const stream = plan.stream(series);
    const bits = (values: Float64Array) => Array.from(new BigUint64Array(values.slice().buffer));
    let row = 0;
    for (const size of [1, 127, 128, 129, 0, 1, 1, 300, 2, 513]) {
      const piece = holes.slice(row, row + size);
      const values = new Float64Array(size * width);
      const into = { times: new Float64Array(size), values, status: new Uint8Array(size * width) };
      expect(stream.pushAll(piece, into)).toBe(size);
      expect(bits(values)).toEqual(bits(table.values.slice(row * width, (row + size) * width)));
      expect(into.status).toEqual(table.status.slice(row * width, (row + size) * width));
      row += size;
      expect(bits(stream.row.values)).toEqual(bits(table.values.slice((row - 1) * width, row * width)));
      const bar = holes[row]!;
      const single = stream.push(bar, calendar.slot(bar.time)!);
      expect(bits(single.values)).toEqual(bits(table.values.slice(row * width, (row + 1) * width)));
      row++;
    }
  });

  it('later bars and later observations change no earlier row', () => {
    const table = computeFeatures(plan, series, bars);
    const cut = 1500;
    const early = syntheticSeries(config, calendar, '2023-11-01', calendar.sessionDate(bars[cut - 1]!.time));
    const short = computeFeatures(plan, early, bars.slice(0, cut));
    expect(short.values).toEqual(table.values.slice(0, cut * NAMES.length));
  });
});

describe('rule 3: accepted bars only', () => {
  it('bars on holidays, weekends, outside the session and between slots have no row and count nowhere', () => {
    const bar = bars[0]!;
    const foreign = [
      '2024-01-08T14:00:00Z',
      '2024-01-13T14:00:00Z',
      '2024-01-10T18:00:00Z',
      '2024-01-10T12:55:00Z',
      '2024-01-10T14:01:00Z',
    ];
    const dirty = [...bars, ...foreign.map((time) => ({ ...bar, time: at(time), high: 9e9, close: 9e9 }))].sort(
      (a, b) => a.time - b.time,
    );
    expect(dirty.length).toBe(bars.length + foreign.length);
    expect(computeFeatures(plan, series, dirty)).toEqual(computeFeatures(plan, series, bars));
  });

  it('a bar that is not later than the one before is refused', () => {
    const stream = plan.stream(series);
    const slot = calendar.slot(bars[0]!.time)!;
    stream.push(bars[0]!, slot);
    expect(() => stream.push(bars[0]!, slot)).toThrow(/not later/);
  });

  it('many at once with one that is not later: those before it are taken, it and those after are not, the stream goes on', () => {
    const table = computeFeatures(plan, series, bars);
    const width = NAMES.length;
    const into = (rows: number) => ({
      times: new Float64Array(rows),
      values: new Float64Array(rows * width),
      status: new Uint8Array(rows * width),
    });
    for (const [good, late] of [
      [1, 0],
      [300, 299],
      [300, 100],
      [1000, 3],
    ] as const) {
      const stream = plan.stream(series);
      const piece = [...bars.slice(0, good), bars[late]!, ...bars.slice(good, good + 5)];
      const first = into(piece.length);
      expect(() => stream.pushAll(piece, first)).toThrow(/not later/);
      expect(first.values.slice(0, good * width)).toEqual(table.values.slice(0, good * width));
      expect(stream.row.values).toEqual(table.values.slice((good - 1) * width, good * width));
      expect(() => stream.push(bars[late]!, calendar.slot(bars[late]!.time)!)).toThrow(/not later/);
      const next = stream.push(bars[good]!, calendar.slot(bars[good]!.time)!);
      expect(next.values).toEqual(table.values.slice(good * width, (good + 1) * width));
      const rest = into(200);
      expect(stream.pushAll(bars.slice(good + 1, good + 201), rest)).toBe(200);
      expect(rest.values).toEqual(table.values.slice((good + 1) * width, (good + 201) * width));
    }
  });
});

describe('rule 4: absent slots', () => {
  const i = 1000;
  const bar = bars[i]!;
  const valueWithout = (name: string, lags: readonly number[]) => {
    const gone = new Set(lags.map((lag) => bars[i - lag]!.time));
    return column(
      computeFeatures(
        plan,
        series,
        drop(bars, (b) => gone.has(b.time)),
      ),
      name,
    ).get(bar.time)!;
  };
  const logTo = (lag: number) => Math.log(bar.close / bars[i - lag]!.close);
  const span = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

  it('log_ret_5m: no bar one slot earlier is missing, ⌊1/4⌋ is 0', () => {
    expect(valueWithout('log_ret_5m', [2])).toBe(logTo(1));
    expect(valueWithout('log_ret_5m', [1])).toBeNaN();
  });

  it('log_ret_1h: the last stored bar at most 3 slots before the absent reference, else missing', () => {
    expect(valueWithout('log_ret_1h', [12])).toBe(logTo(13));
    expect(valueWithout('log_ret_1h', [12, 13, 14])).toBe(logTo(15));
    expect(valueWithout('log_ret_1h', [12, 13, 14, 15])).toBeNaN();
    expect(valueWithout('log_ret_1h', [11]), 'a bar nearer than the reference is never taken').toBe(logTo(12));
  });

  it('log_ret_4h: at most 12 slots', () => {
    expect(valueWithout('log_ret_4h', span(48, 59))).toBe(logTo(60));
    expect(valueWithout('log_ret_4h', span(48, 60))).toBeNaN();
  });

  it('nights hold no slots: the first bar of a session looks back to the last of the one before', () => {
    const open = at('2024-01-09T13:00:00Z');
    const first = bars.findIndex((b) => b.time === open);
    expect(bars[first - 1]!.time, 'a weekend and a holiday lie between').toBe(at('2024-01-05T17:55:00Z'));
    const table = computeFeatures(plan, series, bars);
    expect(column(table, 'log_ret_5m').get(open)).toBe(Math.log(bars[first]!.close / bars[first - 1]!.close));
  });

  it.each(['rsi_9', 'atr_pct', 'adx_14'])(
    '%s: 6 of the last 60 slots absent is a value, 7 is missing, returns are not touched',
    (name) => {
      expect(valueWithout(name, span(30, 35))).toBeGreaterThan(0);
      expect(valueWithout(name, span(30, 36))).toBeNaN();
      expect(valueWithout(name, span(54, 60)), 'slot 60 lies outside the window').toBeGreaterThan(0);
      expect(valueWithout('log_ret_5m', span(30, 36))).toBe(logTo(1));
    },
  );

  it('a hidden bar still updates the state: no reset at a gap', () => {
    const gone = new Set(span(200, 207).map((lag) => bars[i - lag]!.time));
    const holes = drop(bars, (b) => gone.has(b.time));
    const table = computeFeatures(plan, series, holes);
    const shifted = bars.slice(0, holes.length).map((b, n) => ({ ...holes[n]!, time: b.time }));
    // the same stored bars without the gap give the same numbers wherever both exist
    const dense = computeFeatures(plan, series, shifted);
    for (const name of ['rsi_9', 'atr_pct', 'adx_14']) {
      const [a, b] = [[...column(table, name).values()], [...column(dense, name).values()]];
      const hidden = a.filter((value, n) => Number.isNaN(value) && !Number.isNaN(b[n]!)).length;
      expect(hidden).toBeGreaterThan(30);
      a.forEach((value, n) => Number.isNaN(value) || expect(value).toBe(b[n]));
    }
    expect(statusOf(table, 'rsi_9').get(holes[i - 190]!.time)).toBe(2);
  });
});

describe('rule 5: warm-up', () => {
  const table = computeFeatures(plan, series, bars);
  it.each(config.features.map((f) => [f.name, f.stable_after] as const))(
    '%s is warming up while fewer than %i bars precede it',
    (name, after) => {
      const status = [...statusOf(table, name).values()];
      expect(status.slice(0, after)).toEqual(Array(after).fill(1));
      expect(status[after]).toBe(0);
      expect([...column(table, name).values()].slice(0, after).every(Number.isNaN)).toBe(true);
    },
  );

  it('stored bars are counted, not slots', () => {
    const holes = drop(bars, (_, i) => i % 12 === 5);
    const status = [...statusOf(computeFeatures(plan, series, holes), 'rsi_9').values()];
    expect([status[199], status[200]]).toEqual([1, 0]);
  });

  it('starting anywhere gives the same numbers to 2e-6', () => {
    for (const start of [1, 500, 1237]) {
      const late = computeFeatures(plan, series, bars.slice(start));
      for (const name of NAMES) {
        const [all, some] = [column(table, name), column(late, name)];
        let worst = 0;
        for (const [time, value] of some)
          if (!Number.isNaN(value)) worst = Math.max(worst, Math.abs(value - all.get(time)!));
        expect(worst, name).toBeLessThan(2e-6);
      }
    }
  });
});

describe('rule 6: denominators of 0', () => {
  it('a quote that never moved: RSI and ADX are missing, not 0; ATR is a true 0', () => {
    const frozen = bars.slice(0, 400).map((b) => ({ ...b, open: 4000, high: 4000, low: 4000, close: 4000 }));
    const table = computeFeatures(plan, series, frozen);
    const last = frozen.at(-1)!.time;
    expect([column(table, 'rsi_9').get(last), statusOf(table, 'rsi_9').get(last)]).toEqual([NaN, 2]);
    expect([column(table, 'adx_14').get(last), statusOf(table, 'adx_14').get(last)]).toEqual([NaN, 2]);
    expect(column(table, 'atr_pct').get(last)).toBe(0);
    expect(Object.is(column(table, 'log_ret_5m').get(last), 0), 'a zero return is 0, not −0').toBe(true);
  });

  it('an infinite value is missing before the clip could make a number of it', () => {
    const broken = bars.slice(0, 100).map((b, i) => (i === 50 ? { ...b, close: 0 } : b));
    const table = computeFeatures(plan, series, broken);
    expect(column(table, 'log_ret_5m').get(broken[50]!.time)).toBeNaN();
    expect(column(table, 'log_ret_5m').get(broken[51]!.time)).toBeNaN();
  });

  it('normalise, then clip', () => {
    const table = empty();
    table.add('vix', '2024-01-01', 21.16 + 7.89 * 3.5);
    table.add('vix', '2024-01-02', 21.16 + 7.89 * 4.5);
    const values = column(computeFeatures(plan, table, bars), 'vix_z');
    expect(values.get(at('2024-01-02T13:00:00Z'))).toBeCloseTo(3.5, 12);
    expect(values.get(at('2024-01-03T13:00:00Z'))).toBe(4);
    const jump = bars.slice(0, 60).map((b, i) => (i >= 30 ? { ...b, close: b.close * 1.2 } : b));
    expect(column(computeFeatures(plan, table, jump), 'log_ret_5m').get(jump[30]!.time)).toBe(0.05);
  });
});

describe('rule 9: missing is missing', () => {
  it('without a single observation the macro features are NaN and status 2 from the first bar', () => {
    const table = computeFeatures(plan, empty(), bars.slice(0, 400));
    for (const name of NAMES.slice(6)) {
      expect([...column(table, name).values()].every(Number.isNaN), name).toBe(true);
      expect(
        [...statusOf(table, name).values()].every((s) => s === 2),
        name,
      ).toBe(true);
    }
  });

  it('NaN exactly where the status is not 0', () => {
    const holes = syntheticBars(calendar, '2024-01-02', '2024-03-01', 3, (ordinal) => ordinal % 97 < 9);
    const table = computeFeatures(plan, series, holes);
    const wrong = Array.from(table.values).filter((value, i) => Number.isNaN(value) === (table.status[i] === 0));
    expect(wrong).toEqual([]);
    expect(new Set(table.status)).toEqual(new Set([0, 1, 2]));
  });
});

describe('rule 10: a feature needs only the file', () => {
  it('a return over another distance on another field', () => {
    const own = parseFeatureConfig({
      version: '1.0.0',
      series: {},
      features: [
        {
          name: 'log_ret_open_2h',
          source: { bar: 'open' },
          transforms: [{ name: 'log_return', slots: 24 }],
          normalisation: { kind: 'none' },
          stable_after: 24,
        },
      ],
    });
    const table = computeFeatures(compileFeatures(own, calendar), createSeriesTable(own, calendar), bars);
    expect(table.values[100]).toBe(Math.log(bars[100]!.open / bars[76]!.open));
  });
});
