import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createCalendar } from '../market/calendar.js';
import { USDCOP_CALENDAR } from '../market/calendars.js';
import json from '../../feature_config.json' with { type: 'json' };
import { compileFeatures } from './engine.js';
import { canonicalJson, firstDifference } from './hash.js';
import { parseFeatureConfig } from './parse.js';
import { sha256 } from './sha256.js';

const calendar = createCalendar(USDCOP_CALENDAR);
const planOf = (file: unknown) => compileFeatures(parseFeatureConfig(file), calendar);
const edited = (edit: (file: typeof json) => void) => {
  const file = structuredClone(json);
  edit(file);
  return planOf(file);
};
const plan = planOf(json);

describe('SHA-256', () => {
  it('the vectors of FIPS 180-4', () => {
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')).toBe(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
  });
  it('lengths around the block size, UTF-8, and bytes', () => {
    for (const text of [...[54, 55, 56, 63, 64, 65, 119, 120, 1000].map((n) => 'x'.repeat(n)), 'Chiquinquirá €😀']) {
      const expected = createHash('sha256').update(text, 'utf8').digest('hex');
      expect(sha256(text)).toBe(expected);
      expect(sha256(new Uint8Array(Buffer.from(text, 'utf8')))).toBe(expected);
    }
  });
});

it('canonical JSON does not depend on the order of keys', () => {
  expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
});

describe('rule 1: every feature has its own hash', () => {
  const changed = (other: typeof plan) => plan.names.filter((name) => other.hashes[name] !== plan.hashes[name]);

  it('64 hex digits, all different', () => {
    expect(Object.values(plan.hashes).every((hash) => /^[0-9a-f]{64}$/.test(hash))).toBe(true);
    expect(new Set(Object.values(plan.hashes)).size).toBe(17);
  });

  it('a parameter, a normalisation or a warm-up changes the hash of its feature alone', () => {
    expect(changed(edited((f) => Object.assign(f.features[3]!.transforms[0]!, { period: 10 })))).toEqual(['rsi_9']);
    expect(changed(edited((f) => Object.assign(f.features[6]!.normalisation, { mean: 100.2 })))).toEqual(['dxy_z']);
    expect(changed(edited((f) => Object.assign(f.features[5]!, { stable_after: 400 })))).toEqual(['adx_14']);
    expect(changed(edited((f) => Object.assign(f.features[4]!.transforms[1]!, { field: 'open' })))).toEqual([
      'atr_pct',
    ]);
  });

  it('recursively: a series changes the features made of it', () => {
    expect(changed(edited((f) => Object.assign(f.series.dxy, { max_age_days: 8 })))).toEqual([
      'dxy_z',
      'dxy_change_1d',
    ]);
    expect(changed(edited((f) => Object.assign(f.series.ust10y.available, { time: '09:00' })))).toEqual([
      'rate_spread',
    ]);
  });

  it('notes, the version and another feature change none; a default that is written out is the default', () => {
    const other = edited((f) => {
      f.version = '2.0.0';
      f.notes = [];
      Object.assign(f.features[0]!, { notes: ['read me'] });
      f.features.push({ ...structuredClone(f.features[2]!), name: 'log_ret_again' } as never);
      for (const series of Object.values(f.series))
        Object.assign(series, { available: undefined, max_age_days: undefined });
    });
    expect(changed(planOf(JSON.parse(JSON.stringify(json))))).toEqual([]);
    expect(changed(other)).toEqual([]);
  });

  it('a mismatch names the field that differs', () => {
    const other = edited((f) => Object.assign(f.features[3]!.transforms[0]!, { period: 10 }));
    expect(firstDifference(plan.definitions['rsi_9'], other.definitions['rsi_9'])).toEqual({
      path: 'transforms.0.period',
      pinned: 9,
      current: 10,
    });
    const series = edited((f) => Object.assign(f.series.dxy, { max_age_days: 8 }));
    expect(firstDifference(plan.definitions['dxy_z'], series.definitions['dxy_z'])?.path).toBe('series.0.max_age_days');
    expect(firstDifference(plan.definitions['rsi_9'], plan.definitions['rsi_9'])).toBeUndefined();
  });
});
