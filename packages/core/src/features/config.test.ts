import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import json from '../../feature_config.json' with { type: 'json' };
import { defaultFeatures } from './default.js';
import { parseFeatureConfig } from './parse.js';
import { FEATURE_CONFIG_SCHEMA } from './schema.js';

const schema = new Ajv({ strict: false, allErrors: true }).compile(FEATURE_CONFIG_SCHEMA);
type File = typeof json;
/** A copy of the default file with one edit; typed loosely because the edits are wrong on purpose. */
function broken(edit: (file: Record<string, never> & File) => void): unknown {
  const file = structuredClone(json) as Record<string, never> & File;
  edit(file);
  return JSON.parse(JSON.stringify(file));
}
const set = (target: object, values: object): void => void Object.assign(target, values);
const refusal = (file: unknown): string => {
  try {
    parseFeatureConfig(file);
  } catch (error) {
    expect(error).toMatchObject({ code: 'FEATURE_CONFIG_INVALID', remedy: expect.stringContaining('feature file') });
    return (error as Error).message;
  }
  return 'accepted';
};

describe('the default file', () => {
  it('passes schema and checks', () => {
    expect(schema(json), JSON.stringify(schema.errors)).toBe(true);
    expect(defaultFeatures().features.map((f) => f.name)).toEqual(json.features.map((f) => f.name));
  });

  it('says which clips are ours, whose the constants of rate_spread are, and on what all of them were fitted', () => {
    const notes = (name: string) => (json.features.find((f) => f.name === name)!.notes ?? []).join(' ');
    for (const name of ['dxy_z', 'vix_z', 'embi_z', 'rate_spread', 'usdmxn_change_1d'])
      expect(notes(name)).toContain('clip: ours');
    expect(notes('rate_spread')).toMatch(/another spread.*6\.45.*1\.56/);
    expect(json.notes.join(' ')).toContain('2020-2025, the period of any backtest');
  });
});

/** What breaks the schema must be refused without a schema validator too, by the place and what is allowed there. */
const AGAINST_SCHEMA: readonly [string, (file: Record<string, never> & File) => void, string][] = [
  ['no version', (f) => set(f, { version: undefined }), 'version: is missing'],
  ['a version that is none', (f) => set(f, { version: 'one' }), 'version: must be a version such as 1.0.0, is "one"'],
  ['an unknown key', (f) => set(f, { feature: [] }), 'feature: is unknown; allowed: version, series, features'],
  ['features that are no list', (f) => set(f, { features: {} }), 'features: must be a list'],
  ['no features', (f) => set(f, { features: [] }), 'features: must be a list with at least one item'],
  ['a name with a capital', (f) => set(f.features[0]!, { name: 'Ret' }), 'features.0.name: must be a name of a-z'],
  ['an unknown key in a feature', (f) => set(f.features[3]!, { clip: [0, 1] }), 'features.3.clip: is unknown'],
  [
    'an unknown transform',
    (f) => set(f.features[3]!.transforms[0]!, { name: 'ema' }),
    'features.3.transforms.0.name: must be one of log_return, rsi, is "ema"',
  ],
  [
    'a parameter that is missing',
    (f) => set(f.features[3]!.transforms[0]!, { period: undefined }),
    'features.3.transforms.0.period: is missing',
  ],
  [
    'a parameter of another transform',
    (f) => set(f.features[3]!.transforms[0]!, { slots: 3 }),
    'features.3.transforms.0.slots: is unknown; allowed: name, period',
  ],
  [
    'a period that is no integer',
    (f) => set(f.features[3]!.transforms[0]!, { period: 9.5 }),
    'features.3.transforms.0.period: must be an integer from 2 to 1000, is 9.5',
  ],
  [
    'a period out of range',
    (f) => set(f.features[3]!.transforms[0]!, { period: 1 }),
    'must be an integer from 2 to 1000, is 1',
  ],
  [
    'an unknown bar field',
    (f) => set(f.features[0]!.source, { bar: 'mid' }),
    'features.0.source.bar: must be one of open, high, low, close, volume, is "mid"',
  ],
  [
    'a source of two kinds',
    (f) => set(f.features[0]!.source, { series: 'dxy' }),
    'features.0.source.series: is unknown; allowed: bar',
  ],
  [
    'three series',
    (f) => set(f.features[11]!.source, { series: ['col10y', 'ust10y', 'dxy'] }),
    'must name one series or two',
  ],
  [
    'an unknown normalisation',
    (f) => set(f.features[6]!.normalisation, { kind: 'rank' }),
    'features.6.normalisation.kind: must be one of none, range, z_score, is "rank"',
  ],
  [
    'a z-score without sd',
    (f) => set(f.features[6]!.normalisation, { sd: undefined }),
    'features.6.normalisation.sd: is missing',
  ],
  ['an sd of 0', (f) => set(f.features[6]!.normalisation, { sd: 0 }), 'features.6.normalisation.sd: must be above 0'],
  [
    'a clip of one number',
    (f) => set(f.features[6]!.normalisation, { clip: [4] }),
    'features.6.normalisation.clip: must be two numbers',
  ],
  [
    'stable_after below 0',
    (f) => set(f.features[6]!, { stable_after: -1 }),
    'features.6.stable_after: must be an integer',
  ],
  [
    'an unknown frequency',
    (f) => set(f.series.dxy, { frequency: 'weekly' }),
    'series.dxy.frequency: must be one of daily, monthly, quarterly, is "weekly"',
  ],
  [
    'an unknown rule',
    (f) => set(f.series.dxy.available, { rule: 'at_once' }),
    'series.dxy.available.rule: must be one of next_session_day, lag, is "at_once"',
  ],
  [
    'a lag without days',
    (f) => set(f.series.dxy, { available: { rule: 'lag' } }),
    'series.dxy.available.days: is missing',
  ],
  [
    'a time that is none',
    (f) => set(f.series.dxy.available, { time: '8:00' }),
    'series.dxy.available.time: must be a time',
  ],
  ['an age of 0', (f) => set(f.series.dxy, { max_age_days: 0 }), 'series.dxy.max_age_days: must be an integer from 1'],
  ['notes that are no texts', (f) => set(f.features[0]!, { notes: [1] }), 'features.0.notes: must be a list of texts'],
];

describe('a file that breaks its schema is refused, with and without a schema validator', () => {
  it.each(AGAINST_SCHEMA)('%s', (_, edit, message) => {
    const file = broken(edit);
    expect(schema(file), 'the schema').toBe(false);
    expect(refusal(file)).toContain(message);
  });
  it.each([null, [], 'text', 7])('%j is no file', (file) => {
    expect(schema(file)).toBe(false);
    expect(refusal(file)).toContain('the file: must be an object');
  });
});

describe('what a schema cannot say', () => {
  it.each<[string, (file: Record<string, never> & File) => void, string]>([
    [
      'a name twice',
      (f) => set(f.features[1]!, { name: 'log_ret_5m' }),
      'features.1.name: "log_ret_5m" is defined twice',
    ],
    [
      'a series that is not defined',
      (f) => set(f.features[6]!.source, { series: 'wti' }),
      'features.6.source.series: must be one of dxy, vix, embi',
    ],
    [
      'a step that does not fit',
      (f) => set(f.features[6]!, { transforms: [{ name: 'rsi', period: 9 }] }),
      'must be one of latest, change_from_previous, is "rsi"',
    ],
    [
      'a step after the last',
      (f) => set(f.features[6]!, { transforms: [{ name: 'latest' }, { name: 'latest' }] }),
      'must be one of sine_of_cycle, cosine_of_cycle',
    ],
    ['bounds the wrong way round', (f) => set(f.features[6]!.normalisation, { clip: [4, -4] }), 'the lower one first'],
    [
      'an empty range',
      (f) => set(f.features[3]!.normalisation, { max: 0 }),
      'features.3.normalisation.max: must be above min',
    ],
    [
      'stable before the first value',
      (f) => set(f.features[5]!, { stable_after: 26 }),
      'features.5.stable_after: must be an integer from 27',
    ],
    [
      'a monthly series without a lag',
      (f) => set(f.series.dxy, { frequency: 'monthly', available: undefined }),
      'series.dxy.available: a monthly series must state a lag',
    ],
    [
      'a monthly series on the next day',
      (f) => set(f.series.dxy, { frequency: 'monthly' }),
      'must be lag for a monthly series',
    ],
    [
      'a zone that is none',
      (f) => set(f.series.dxy.available, { zone: 'Bogota' }),
      'series.dxy.available.zone: must be an IANA time zone',
    ],
  ])('%s', (_, edit, message) => {
    expect(refusal(broken(edit))).toContain(message);
  });

  it('all problems are named at once', () => {
    const file = broken((f) => {
      set(f, { version: 'one' });
      set(f.features[12]!, { stable_after: 'soon' });
    });
    expect(refusal(file)).toMatch(/version: .*; features\.12\.stable_after: /);
  });

  it("a host's validator is asked as well", () => {
    const ask = () => parseFeatureConfig(json, () => [{ path: 'features.0', message: 'is not to my liking' }]);
    expect(ask).toThrow(
      expect.objectContaining({
        code: 'FEATURE_CONFIG_INVALID',
        message: expect.stringContaining('features.0: is not to my liking'),
      }),
    );
  });
});
