import { describe, expect, it } from 'vitest';
import { createCalendar } from '../market/calendar.js';
import { USDCOP_CALENDAR } from '../market/calendars.js';
import type { Bar } from '../market/bar.js';
import type { FeatureStream } from './row.js';
import { compileFeatures } from './engine.js';
import { parseFeatureConfig } from './parse.js';
import { createSeriesTable, type SeriesTable } from './series.js';

const calendar = createCalendar(USDCOP_CALENDAR);
const none = { kind: 'none' };
const config = parseFeatureConfig({
  version: '1.0.0',
  series: {
    dxy: { frequency: 'daily' },
    ust: { frequency: 'daily' },
    cpi: { frequency: 'monthly', available: { rule: 'lag', days: 10 } },
    gdp: { frequency: 'quarterly', available: { rule: 'lag', days: 122, time: '18:00' }, max_age_days: 200 },
  },
  features: [
    {
      name: 'level',
      source: { series: 'dxy' },
      transforms: [{ name: 'latest' }],
      normalisation: none,
      stable_after: 0,
    },
    {
      name: 'change',
      source: { series: 'dxy' },
      transforms: [{ name: 'change_from_previous' }],
      normalisation: none,
      stable_after: 0,
    },
    {
      name: 'spread',
      source: { series: ['dxy', 'ust'] },
      transforms: [{ name: 'difference' }],
      normalisation: none,
      stable_after: 0,
    },
    { name: 'cpi', source: { series: 'cpi' }, transforms: [{ name: 'latest' }], normalisation: none, stable_after: 0 },
  ],
});
const plan = compileFeatures(config, calendar);
const at = (iso: string): number => Date.parse(iso);
const iso = (time: number): string => new Date(time).toISOString();
const table = (...rows: readonly (readonly [string, string, number, number?])[]): SeriesTable => {
  const made = createSeriesTable(config, calendar);
  for (const [name, date, value, seen] of rows) made.add(name, date, value, seen);
  return made;
};
/** The features at the bars that open at these times, on one stream. */
function rows(stream: FeatureStream, times: readonly string[]): number[][] {
  return times.map((time) => {
    const bar: Bar = { time: at(time), open: 4000, high: 4000, low: 4000, close: 4000, volume: 0 };
    return [...stream.push(bar, calendar.slot(bar.time)!).values];
  });
}
const level = (series: SeriesTable, ...times: string[]): number[] =>
  rows(plan.stream(series), times).map((row) => row[0]!);

describe('rule 7: when a value may be seen', () => {
  it.each([
    ['2024-01-02', '2024-01-03T13:00:00.000Z', 'the next day'],
    ['2024-01-05', '2024-01-09T13:00:00.000Z', 'Friday, a weekend, Epiphany on Monday'],
    ['2024-01-06', '2024-01-09T13:00:00.000Z', 'a Saturday'],
    ['2024-01-08', '2024-01-09T13:00:00.000Z', 'the holiday itself'],
    ['2024-03-27', '2024-04-01T13:00:00.000Z', 'Wednesday before Easter'],
  ])('daily, %s: at %s (%s)', (date, time) => {
    expect(iso(table().availableAt('dxy', date))).toBe(time);
  });

  it('a lag counts calendar days, to 08:00 Bogota or the hour that is stated', () => {
    expect(iso(table().availableAt('cpi', '2024-01-31'))).toBe('2024-02-10T13:00:00.000Z');
    expect(iso(table().availableAt('gdp', '2024-01-01'))).toBe('2024-05-02T23:00:00.000Z');
  });

  it('a bar sees it at its completion and not one bar earlier', () => {
    const series = table(['dxy', '2024-01-02', 101], ['dxy', '2024-01-05', 102], ['dxy', '2024-01-08', 103]);
    const times = ['2024-01-02T17:55:00Z', '2024-01-03T13:00:00Z', '2024-01-05T17:55:00Z', '2024-01-09T13:00:00Z'];
    expect(level(series, ...times)).toEqual([NaN, 101, 101, 103]);
    // seen at the instant at which a bar completes: that bar has it
    const late = table(['dxy', '2024-01-02', 101, at('2024-01-03T14:05:00Z')]);
    expect(level(late, '2024-01-03T13:55:00Z', '2024-01-03T14:00:00Z')).toEqual([NaN, 101]);
  });

  it('first seen late: the later of rule and sight; first seen early: the rule', () => {
    const rule = at('2024-01-03T13:00:00Z');
    expect(table().add('dxy', '2024-01-02', 1, rule + 60_000).availableAt).toBe(rule + 60_000);
    expect(table().add('dxy', '2024-01-02', 1, rule - 60_000).availableAt).toBe(rule);
  });
});

describe('rule 7: max_age_days', () => {
  it('7 calendar days to the bar, the limit included; past it missing', () => {
    const series = table(['dxy', '2024-01-03', 101]);
    expect(level(series, '2024-01-10T17:55:00Z', '2024-01-11T13:00:00Z')).toEqual([101, NaN]);
  });

  it('previous is the latest with an earlier date, at most 7 days older, the limit included', () => {
    const change = (from: string) =>
      rows(plan.stream(table(['dxy', from, 100], ['dxy', '2024-01-16', 101])), ['2024-01-17T13:00:00Z'])[0]![1]!;
    expect(change('2024-01-15')).toBe(101 / 100 - 1);
    expect(change('2024-01-09')).toBe(101 / 100 - 1);
    expect(change('2024-01-08')).toBeNaN();
    expect(
      rows(plan.stream(table(['dxy', '2024-01-16', 101])), ['2024-01-17T13:00:00Z'])[0]![1],
      'no previous',
    ).toBeNaN();
  });

  it('each leg of a spread is joined on its own', () => {
    const series = table(['dxy', '2024-01-15', 10], ['ust', '2024-01-12', 4], ['ust', '2024-01-16', 5]);
    const spread = rows(plan.stream(series), [
      '2024-01-16T13:00:00Z',
      '2024-01-17T13:00:00Z',
      '2024-01-23T13:00:00Z',
    ]).map((r) => r[2]);
    expect(spread, 'the older leg is past 7 days on the 23rd').toEqual([6, 5, NaN]);
  });

  it('defaults: 7 daily, lag + 40 monthly, lag + 120 quarterly', () => {
    expect(config.series['dxy']!.max_age_days).toBe(7);
    expect(config.series['cpi']!.max_age_days).toBe(50);
    const file = { version: '1.0.0', series: { q: { frequency: 'quarterly', available: { rule: 'lag', days: 90 } } } };
    const features = [{ ...config.features[0]!, source: { series: 'q' } }];
    expect(parseFeatureConfig({ ...file, features }).series['q']!.max_age_days).toBe(210);
  });
});

describe('a running stream', () => {
  it('sees what a host adds later, from the next bar on', () => {
    const series = table(['dxy', '2024-01-02', 101]);
    const stream = plan.stream(series);
    expect(rows(stream, ['2024-01-04T13:00:00Z'])[0]![0]).toBe(101);
    series.add('dxy', '2024-01-03', 102, at('2024-01-04T13:07:00Z'));
    expect(rows(stream, ['2024-01-04T13:05:00Z'])[0]!.slice(0, 2)).toEqual([102, 102 / 101 - 1]);
  });

  it('equals a stream that had everything from the start, in whatever order it was added', () => {
    const values: [string, string, number][] = Array.from({ length: 20 }, (_, i) => [
      'dxy',
      iso(at('2024-01-09') + i * 864e5).slice(0, 10),
      100 + i,
    ]);
    const times = calendar.sessionsBetween('2024-01-10', '2024-01-31').map((date) => iso(calendar.sessionOpen(date)!));
    const expected = rows(plan.stream(table(...values)), times);
    expect(rows(plan.stream(table(...[...values].reverse())), times)).toEqual(expected);
    const growing = table();
    const stream = plan.stream(growing);
    let next = 0;
    const live = times.map((time) => {
      // a host that loads each value a little before it may be used
      for (; next < values.length && growing.availableAt('dxy', values[next]![1]) <= at(time); next++)
        growing.add(...values[next]!);
      return rows(stream, [time])[0];
    });
    expect(live).toEqual(expected);
  });

  it('a value with an older date that arrives late becomes the previous one, never the latest', () => {
    const series = table(['dxy', '2024-01-09', 100], ['dxy', '2024-01-11', 104]);
    const stream = plan.stream(series);
    expect(rows(stream, ['2024-01-12T13:00:00Z'])[0]!.slice(0, 2)).toEqual([104, 104 / 100 - 1]);
    series.add('dxy', '2024-01-10', 102, at('2024-01-12T13:06:00Z'));
    expect(rows(stream, ['2024-01-12T13:05:00Z'])[0]!.slice(0, 2)).toEqual([104, 104 / 102 - 1]);
  });

  it('rule 8: a revision is seen from its sight on and rewrites nothing before it', () => {
    const series = table(['dxy', '2024-01-09', 100], ['dxy', '2024-01-09', 105, at('2024-01-10T15:00:00Z')]);
    expect(level(series, '2024-01-10T13:00:00Z', '2024-01-10T14:50:00Z', '2024-01-10T14:55:00Z')).toEqual([
      100, 100, 105,
    ]);
  });

  it('a value loaded under its rule into the past of a stream is seen from the next bar on', () => {
    const series = table(['dxy', '2024-01-10', 102]);
    const stream = plan.stream(series);
    rows(stream, ['2024-01-12T13:00:00Z']);
    series.add('dxy', '2024-01-09', 100);
    expect(rows(stream, ['2024-01-12T13:05:00Z'])[0]![1]).toBe(102 / 100 - 1);
  });
});

describe('what is no observation is refused', () => {
  it('a series that the file does not define, a date that is none, a value that is not finite', () => {
    expect(() => table(['wti', '2024-01-02', 1])).toThrow(
      expect.objectContaining({ code: 'FEATURE_UNKNOWN', message: expect.stringContaining('dxy, ust') }),
    );
    expect(() => table(['dxy', '2024-13-02', 1])).toThrow(/not a date/);
    expect(() => table(['dxy', '2024-01-02', NaN])).toThrow(/finite/);
    expect(table().has('wti')).toBe(false);
  });
});
