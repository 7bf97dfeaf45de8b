import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultFeatures, isSignalboxError, USD_COP } from '@signalbox/core';
import { afterAll, describe, expect, it } from 'vitest';
import { openPlan } from './plan.js';

const folder = mkdtempSync(join(tmpdir(), 'signalbox-plan-'));
afterAll(() => rmSync(folder, { recursive: true }));

function refusal(text: string): { code: string; message: string; remedy: string } {
  const file = join(folder, 'features.json');
  writeFileSync(file, text);
  try {
    openPlan(USD_COP, file);
  } catch (error) {
    if (isSignalboxError(error)) return error;
    throw error;
  }
  throw new Error('it was accepted');
}
const edited = (edit: (file: { features: Record<string, unknown>[] }) => void): string => {
  const file = structuredClone(defaultFeatures()) as unknown as { features: Record<string, unknown>[] };
  edit(file);
  return JSON.stringify(file);
};

describe('the feature file', () => {
  it('is the one that core brings, by default', () => {
    const plan = openPlan(USD_COP, null);
    expect(plan.features.names).toHaveLength(13);
    expect(plan.features.hashes).toEqual(openPlan(USD_COP, null).features.hashes);
  });

  it('that fails its schema is refused with the place and what is allowed there', () => {
    expect(refusal(edited((file) => (file.features[3]!['stable_after'] = 'many')))).toMatchObject({
      code: 'FEATURE_CONFIG_INVALID',
      message: expect.stringMatching(/features\.json.*features\.3\.stable_after/),
    });
    expect(refusal(edited((file) => (file.features[0]!['colour'] = 'red')))).toMatchObject({
      code: 'FEATURE_CONFIG_INVALID',
      message: expect.stringContaining('colour'),
    });
  });

  it('that is no JSON, or not there, is named', () => {
    expect(refusal('{"version": ')).toMatchObject({
      code: 'FEATURE_CONFIG_INVALID',
      message: expect.stringContaining('features.json'),
    });
    expect(() => openPlan(USD_COP, join(folder, 'absent.json'))).toThrow(/absent\.json/);
  });

  it('gets another hash with another definition', () => {
    const file = join(folder, 'other.json');
    writeFileSync(
      file,
      edited(({ features }) => (features[3]!['stable_after'] = 250)),
    );
    expect(openPlan(USD_COP, file).featureHash).not.toBe(openPlan(USD_COP, null).featureHash);
  });

  it('needs a calendar that exists', () => {
    expect(() => openPlan({ ...USD_COP, calendar: 'moon' }, null)).toThrow(/moon/);
  });
});
