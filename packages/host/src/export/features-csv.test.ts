import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { computeFeatures, USD_COP } from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../cli/index.js';
import { openPlan } from '../inference/plan.js';
import type { FeatureSidecar } from './features-csv.js';

const plan = openPlan(USD_COP, null);
const sessions = createSimulator({ seed: 5, calendar: plan.calendar, edge: 0.2, firstSession: '2024-01-02' }).sessions(
  8,
);
const bars = sessions.flatMap((session) => session.bars).filter((_, i) => i !== 100);

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'signalbox-export-'));
  writeFileSync(join(dir, 'package.json'), '{}');
  writeFileSync(
    join(dir, 'bars.csv'),
    [
      'time,open,high,low,close',
      ...bars.map((bar) => `${new Date(bar.time).toISOString()},${bar.open},${bar.high},${bar.low},${bar.close}`),
      '',
    ].join('\n'),
  );
  const rows = sessions.flatMap((session) => session.macro);
  const names = Object.keys(rows[0]!.values);
  writeFileSync(
    join(dir, 'macro.csv'),
    [
      `date,${names.join(',')}`,
      ...rows.map(({ date, values }) => `${date},${names.map((name) => values[name] ?? '').join(',')}`),
      '',
    ].join('\n'),
  );
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function cli(args: string[], signal?: AbortSignal) {
  let out = '';
  const streams = { stdout: { write: (text: string) => (out += text) }, stderr: { write: () => {} }, env: {} };
  const code = await run([...args, '--json'], streams, dir, signal);
  return {
    code,
    body: JSON.parse(out) as { data: Record<string, unknown>; errors: { code: string; message: string }[] },
  };
}
const rowsOf = (name: string): string[][] => {
  const bytes = readFileSync(join(dir, name));
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes)
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split(','));
};
const sidecarOf = (name: string): FeatureSidecar =>
  JSON.parse(readFileSync(join(dir, `${name}.features.json`), 'utf8')) as FeatureSidecar;

describe('signalbox export', () => {
  it('writes what the engine computes, to the bit; missing is empty', async () => {
    expect((await cli(['export', '--bars', 'bars.csv', '--macro', 'macro.csv', '--out', 'features.csv'])).code).toBe(0);
    const [head, ...rows] = rowsOf('features.csv');
    expect(head).toEqual(['time', ...plan.features.names]);
    const series = plan.series();
    for (const { date, values } of sessions.flatMap((session) => session.macro)) {
      for (const name of series.names) if (values[name] !== undefined) series.add(name, date, values[name]);
    }
    const table = computeFeatures(plan.features, series, bars);
    expect(rows).toHaveLength(bars.length);
    rows.forEach(([time, ...cells], i) => {
      expect(Date.parse(time!)).toBe(bars[i]!.time);
      cells.forEach((cell, k) => {
        const value = table.values[i * plan.features.names.length + k]!;
        expect(cell === '' ? Number.NaN : Number(cell)).toBe(Number.isNaN(value) ? Number.NaN : value);
      });
    });
    expect(
      rows.at(-1)!.every((cell) => cell !== ''),
      'the last bar has every feature',
    ).toBe(true);
    expect(
      rows[0]!.some((cell) => cell === ''),
      'the first bar has not',
    ).toBe(true);
  });

  it('says beside the rows what they are: names, hashes and definitions in order, world, calendar, window', async () => {
    await cli(['export', '--bars', 'bars.csv', '--macro', 'macro.csv', '--out', 'said.csv.gz']);
    const sidecar = sidecarOf('said.csv.gz');
    expect(sidecar.features.map(({ name, hash }) => [name, hash])).toEqual(
      plan.features.names.map((name) => [name, plan.features.hashes[name]]),
    );
    expect(sidecar.features[3]!.definition).toEqual(plan.features.definitions['rsi_9']);
    expect(sidecar).toMatchObject({
      rows: bars.length,
      world: 'market',
      close_only_share: bars.filter((bar) => bar.high === bar.low).length / bars.length,
      instrument: { symbol: 'USD/COP' },
      calendar_version: plan.calendar.version,
      from: new Date(bars[0]!.time).toISOString(),
      to: new Date(bars.at(-1)!.time).toISOString(),
    });
    expect(sidecar.simulator).toBeUndefined();
    expect(rowsOf('said.csv.gz')).toHaveLength(bars.length + 1);
  });

  it('--labels adds decided_at, fill_price, the label and the close-only flag', async () => {
    await cli([
      'export',
      '--bars',
      'bars.csv',
      '--macro',
      'macro.csv',
      '--labels',
      '--horizon',
      '6',
      '--out',
      'labels.csv',
    ]);
    const [head, ...rows] = rowsOf('labels.csv');
    expect(head!.slice(-4)).toEqual(['decided_at', 'fill_price', 'label_6', 'close_only']);
    const [decided, fill, label, closeOnly] = rows[10]!.slice(-4);
    expect(Date.parse(decided!)).toBe(bars[10]!.time + 300_000);
    expect(Number(fill)).toBe(bars[11]!.open);
    expect(Number(label)).toBe(Math.log(bars[17]!.open / bars[11]!.open));
    expect(closeOnly).toBe(bars[10]!.high === bars[10]!.low ? '1' : '0');
    expect(rows[59]!.slice(-3, -1), 'the session’s last bar has neither fill nor label').toEqual(['', '']);
    expect(sidecarOf('labels.csv').label).toMatchObject({ column: 'label_6', horizon: 6 });
  });

  it('--simulated makes the same file from the same seed, and says that it is simulated', async () => {
    const args = ['export', '--simulated', '--seed', '9', '--sessions', '5', '--edge', '0.3', '--out'];
    await cli([...args, 'one.csv']);
    await cli([...args, 'two.csv']);
    expect(readFileSync(join(dir, 'one.csv'))).toEqual(readFileSync(join(dir, 'two.csv')));
    expect(rowsOf('one.csv')).toHaveLength(301);
    expect(sidecarOf('one.csv')).toMatchObject({
      world: 'simulated',
      simulator: { seed: 9, edge: 0.3, sessions: 5, first_session: '2020-01-02' },
    });
    const other = await cli(['export', '--simulated', '--seed', '10', '--sessions', '5', '--out', 'other.csv']);
    expect(other.code).toBe(0);
    expect(readFileSync(join(dir, 'other.csv'))).not.toEqual(readFileSync(join(dir, 'one.csv')));
  });

  it('leaves nothing, and harms no earlier file, when it is stopped or its input is bad', async () => {
    writeFileSync(join(dir, 'kept.csv'), 'earlier');
    const before = readdirSync(dir).sort();
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 30);
    const stopped = await cli(['export', '--simulated', '--sessions', '2000', '--out', 'kept.csv'], stop.signal);
    expect(stopped.code).toBe(130);
    writeFileSync(join(dir, 'bars.csv'), `${readFileSync(join(dir, 'bars.csv'), 'utf8')}oops\n`);
    const bad = await cli(['export', '--bars', 'bars.csv', '--out', 'kept.csv']);
    expect(bad.body.errors[0]).toMatchObject({
      code: 'CSV_MALFORMED',
      message: expect.stringContaining(`line ${bars.length + 2}`),
    });
    expect(readdirSync(dir).sort()).toEqual(before);
    expect(readFileSync(join(dir, 'kept.csv'), 'utf8')).toBe('earlier');
  });

  it('refuses other endings, missing input and a mixture by name', async () => {
    for (const [args, message] of [
      [['--simulated', '--out', 'x.xlsx'], 'x.xlsx'],
      [['--macro', 'macro.csv', '--out', 'x.csv'], '--bars is missing'],
      [['--simulated', '--split', '0.7,0.3', '--out', 'x.csv'], 'three shares'],
      [['--simulated', '--bars', 'bars.csv', '--out', 'x.csv'], '--simulated'],
    ] as const) {
      const { code, body } = await cli(['export', ...args]);
      expect(code).toBe(2);
      expect(body.errors[0]!.message).toContain(message);
    }
  });
});
