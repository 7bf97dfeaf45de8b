import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCalendar, sha256, USDCOP_CALENDAR, type ModelManifest } from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { afterAll, expect, it } from 'vitest';
import { run } from '../../src/cli/index.js';
import { repository } from '../python.js';

const folder = mkdtempSync(join(tmpdir(), 'signalbox-train-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const SESSIONS = 30;
const SMALL = ['iterations=12', 'sessionsPerIteration=3', 'epochs=1', 'minibatch=64', 'hidden=4', 'validateEvery=6'];

/** Rows of the session after those of the file. */
const more: string[] = [];

/** A simulated world as the files that a user has; `plain.csv` does not say where its bars are from. */
function writeWorld(): void {
  const calendar = createCalendar(USDCOP_CALENDAR);
  const world = createSimulator({ seed: 3, edge: 1, calendar, firstSession: '2021-01-04' });
  const bars = ['time,open,high,low,close,volume,source'];
  const macro = new Map<string, Readonly<Record<string, unknown>>>();
  for (let i = 0; i < SESSIONS; i++) {
    const session = world.next();
    for (const bar of session.bars)
      bars.push(
        [new Date(bar.time).toISOString(), bar.open, bar.high, bar.low, bar.close, bar.volume, 'simulated'].join(','),
      );
    for (const { date, values } of session.macro) macro.set(String(date), { ...macro.get(String(date)), ...values });
  }
  const names = [...new Set([...macro.values()].flatMap((values) => Object.keys(values)))];
  const lines = [...macro].map(([date, values]) => [date, ...names.map((name) => values[name] ?? '')].join(','));
  writeFileSync(at('bars.csv'), `${bars.join('\n')}\n`);
  writeFileSync(at('plain.csv'), `${bars.map((line) => line.slice(0, line.lastIndexOf(','))).join('\n')}\n`);
  const later = world.next().bars;
  for (const bar of later)
    more.push(
      [new Date(bar.time).toISOString(), bar.open, bar.high, bar.low, bar.close, bar.volume, 'simulated'].join(','),
    );
  writeFileSync(at('macro.csv'), `${[['date', ...names].join(','), ...lines].join('\n')}\n`);
}
writeWorld();

async function train(
  out: string,
  more: readonly string[] = [],
  signal?: AbortSignal,
  from: readonly string[] = ['--bars', at('bars.csv'), '--macro', at('macro.csv')],
) {
  let [said, problem] = ['', ''];
  const streams = {
    stdout: { write: (text: string) => (said += text) },
    stderr: { write: (text: string) => (problem += text) },
    env: {},
  };
  const options = SMALL.flatMap((option) => ['--option', option]);
  const args = ['train', 'RL_PPO', ...from, ...options, '--out', at(out), '--json', ...more];
  const code = await run(args, streams, repository, signal);
  return { code, said, problem };
}
const read = (name: string): string => sha256(new Uint8Array(readFileSync(at(name))));
const left = (name: string): string[] => readdirSync(folder).filter((file) => file.startsWith(name));

it('from files, as one JSON object: the model is its manifest’s, of simulated data as its bars say, and nothing else is left', async () => {
  const { code, said, problem } = await train('whole.onnx');
  expect(code, problem + said).toBe(0);
  const { status, data } = JSON.parse(said) as { status: string; data: Record<string, unknown> };
  expect(status).toBe('ok');
  expect(data).toMatchObject({ strategy: 'RL_PPO', model: at('whole.onnx'), world: 'simulated', bars: SESSIONS * 60 });
  expect(data['metrics']).toMatchObject({
    held: { entries: expect.any(Number) },
    baselines: { flat: { mean_bps: 0 } },
  });
  const manifest = JSON.parse(readFileSync(at('whole.manifest.json'), 'utf8')) as ModelManifest;
  expect(manifest.sha256).toBe(read('whole.onnx'));
  expect(manifest.trained_on).toBe('simulated');
  expect(left('whole').sort()).toEqual(['whole.manifest.json', 'whole.onnx']);
}, 60_000);

it.each([
  ['bars.csv', 'simulated'],
  ['plain.csv', 'market'],
])('an export from %s is of %s data: simulated as soon as its rows say so', async (file, world) => {
  const streams = { stdout: { write: () => true }, stderr: { write: () => true }, env: {} };
  const args = ['export', '--bars', at(file), '--macro', at('macro.csv'), '--out', at('export.csv')];
  expect(await run(args, streams, repository)).toBe(0);
  expect(JSON.parse(readFileSync(at('export.csv.features.json'), 'utf8'))).toMatchObject({ world });
});

it('Ctrl-C leaves a checkpoint only, and --resume ends in the same bytes as a training that was not stopped, whatever came in since', async () => {
  const stop = new AbortController();
  const watch = setInterval(() => existsSync(at('part.onnx.checkpoint.json')) && stop.abort(), 1);
  const stopped = await train('part.onnx', [], stop.signal);
  clearInterval(watch);
  expect(stopped.code).toBe(130);
  expect(left('part')).toEqual(['part.onnx.checkpoint.json']);
  const other = await train('part.onnx', ['--resume', '--seed', '2']);
  expect(other.code, 'another seed').not.toBe(0);
  expect(other.said + other.problem).toContain('of another training');
  expect(left('part'), 'and the checkpoint is still there').toEqual(['part.onnx.checkpoint.json']);
  const again = await train('part.onnx');
  expect(again.code, 'it is not overwritten unasked').not.toBe(0);
  expect(again.said + again.problem).toContain('--fresh');
  expect(left('part')).toEqual(['part.onnx.checkpoint.json']);
  appendFileSync(at('bars.csv'), `${more.join('\n')}\n`);
  const resumed = await train('part.onnx', ['--resume']);
  expect(resumed.code, resumed.problem + resumed.said).toBe(0);
  expect(left('part').sort()).toEqual(['part.manifest.json', 'part.onnx']);
  expect(read('part.onnx')).toBe(read('whole.onnx'));
}, 60_000);

it('--resume without a checkpoint is refused with its place', async () => {
  const { code, said, problem } = await train('none.onnx', ['--resume']);
  expect(code).not.toBe(0);
  expect(said + problem).toContain('INPUT_NOT_FOUND');
  expect(left('none')).toEqual([]);
});

it('flags of files beside a world are refused, not passed over', async () => {
  for (const from of [
    ['--simulated', '--macro', at('macro.csv')],
    ['--simulated', '--tz', 'America/Bogota'],
    ['--world', 'market', '--macro', at('macro.csv')],
  ]) {
    const { code, said, problem } = await train('stray.onnx', [], undefined, from);
    expect(code).not.toBe(0);
    expect(said + problem).toContain('--bars is missing');
  }
  expect(left('stray')).toEqual([]);
});

it('--out with another ending is refused before anything is trained', async () => {
  for (const name of ['late.zip', 'late', 'late.onnx.json']) {
    const { code, said, problem } = await train(name);
    expect(code).not.toBe(0);
    expect(said + problem).toContain('PARAMETER_INVALID');
    expect(said + problem).toContain('.onnx');
    expect(said + problem).not.toMatch(/reward|bars, market/);
  }
  expect(left('late')).toEqual([]);
});
