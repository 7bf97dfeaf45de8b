import { describe, expect, it } from 'vitest';
import { STRATEGY_BRAND } from '../../strategies/contract.js';
import { BROKEN, MODEL, sound, soundWithModel, soundWithPosition, soundWithState } from './broken.fixture.js';
import { runConformance } from './conformance.js';
import { formatReport, testStrategy } from './report.js';

const OPTIONS = { artifacts: { model: MODEL } };
const failed = (report: Awaited<ReturnType<typeof runConformance>>): string[] =>
  report.cases.filter(({ status }) => status === 'fail').map(({ name }) => name);

describe('the conformance kit', () => {
  it.each([
    ['without state', sound],
    ['with state', soundWithState],
    ['with features of its position', soundWithPosition],
    ['with a model', soundWithModel],
  ])('passes a sound strategy %s', async (_, strategy) => {
    const report = await testStrategy(strategy, strategy.artifacts ? OPTIONS : {});
    expect(report.passed).toBe(true);
    expect(report.cases.map(({ number }) => number)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    const skipped = report.cases.filter(({ status }) => status === 'skip').map(({ name }) => name);
    expect(skipped).toEqual([
      ...(strategy === soundWithState ? [] : ['restore']),
      ...(strategy === soundWithModel ? [] : ['model']),
    ]);
  });

  it.each(BROKEN)('%s finds %s, and no other case fails', async (name, _, strategy) => {
    const options = strategy.artifacts ? OPTIONS : name === 'deadline' ? { deadlineMs: 500 } : {};
    const report = await runConformance(strategy, options);
    expect(failed(report), formatReport(report)).toEqual([name]);
    expect(report.passed).toBe(false);
  });

  it('a model without golden vectors is no proof of anything, whatever else is checked', async () => {
    const bare = { ...MODEL, manifest: { sha256: MODEL.sha256 } };
    const lax = BROKEN.find(([, what]) => what === 'it checks the digest and no golden vectors')![2];
    const report = await runConformance(lax, { artifacts: { model: bare } });
    expect(failed(report)).toEqual(['model']);
    expect(report.cases.at(-1)!.detail).toContain('has no golden vectors');
  });

  it('a model that is declared and not given to the kit fails as opening, by its name: no skipped case looks like a passed one', async () => {
    const report = await runConformance(soundWithModel);
    expect(failed(report)).toEqual(['opening']);
    expect(report.cases[2]!.detail).toContain('needs the artifact model (onnx)');
  });

  it('every case has a strategy that it finds', async () => {
    const names = (await runConformance(sound)).cases.map(({ name }) => name);
    expect(new Set(BROKEN.map(([name]) => name))).toEqual(new Set(names));
  });

  it.each([
    null,
    undefined,
    'text',
    {},
    { $$type: STRATEGY_BRAND },
    { $$type: STRATEGY_BRAND, features: [1], create() {}, config: {} },
  ])('whatever is no definition fails as metadata: %j', async (value) => {
    expect(failed(await runConformance(value))).toEqual(['metadata']);
  });

  it('a feature that the file does not define is named', async () => {
    const report = await runConformance({ ...sound, features: ['rsi_9', 'moon'] });
    expect(failed(report)).toEqual(['metadata']);
    expect(report.cases[0]!.detail).toContain('moon');
  });

  it('testStrategy throws one error that holds the table', async () => {
    const [, , broken] = BROKEN.find(([name]) => name === 'closing')!;
    const error = await testStrategy(broken).catch((e: unknown) => e as Error & { code: string });
    expect(error).toMatchObject({ code: 'STRATEGY_NONCONFORMING' });
    expect((error as Error).message).toMatch(
      /^SOUND: does not conform \(12 ok, 1 failed, 2 not applicable or not run\)\n {2}1 {2}metadata/,
    );
    expect((error as Error).message).toMatch(
      /14 {2}closing {8}FAIL {2}the second close before any bar threw TypeError.*\n +rule: close may be called twice/,
    );
  });

  it('takes a validator instead of Ajv', async () => {
    const asked: object[] = [];
    const report = await runConformance(sound, {
      validate: (schema, value) => {
        asked.push(schema);
        return typeof value === 'object' && Object.keys(value!).length === 0 ? [] : [{ path: '', message: 'no' }];
      },
    });
    expect(failed(report)).toEqual([]);
    expect(asked[0]).toBe(sound.config);
  });
});
