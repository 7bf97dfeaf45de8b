import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixtureWorld } from '@signalbox/core/testing';
import { describe, expect, it } from 'vitest';
import { EXIT } from './exit-codes.js';
import { run } from './index.js';

const ROOT = join(import.meta.dirname, '../../../..');
async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const streams = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    env: {},
  };
  return { code: await run(args, streams, ROOT), out, err };
}

describe('signalbox verify', () => {
  it('shows the table of an installed strategy, by its code, with its model', async () => {
    const { code, out } = await cli('verify', 'ML_XGB');
    expect(code).toBe(EXIT.ok);
    expect(out).toMatch(/^ML_XGB: conforms \(14 ok, 0 failed/);
    expect(out).toMatch(/7 {2}future +ok .*30 other bars/);
    expect(out).toMatch(/15 {2}model +ok /);
  });

  it('takes bars of a file, by package, as one JSON object', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-verify-'));
    const rows = fixtureWorld({ seed: 3 }).bars.map((bar) =>
      [new Date(bar.time).toISOString(), 'USD/COP', bar.open, bar.high, bar.low, bar.close, bar.volume].join(','),
    );
    const file = join(folder, 'bars.csv');
    writeFileSync(file, ['time,symbol,open,high,low,close,volume', ...rows].join('\n'));
    const { code, out, err } = await cli('verify', 'signalbox-strategy-breakout', '--bars', file, '--json');
    expect(err).toBe('');
    expect(code).toBe(EXIT.ok);
    const { status, data } = JSON.parse(out) as {
      status: string;
      data: { source: string; strategy: string; cases: object[] };
    };
    expect(status).toBe('ok');
    expect(data).toMatchObject({ source: file, strategy: 'RULE_BREAKOUT', passed: true });
    expect(data.cases).toHaveLength(15);
    rmSync(folder, { recursive: true });
  });

  it('an unknown name is refused with those there are', async () => {
    const { code, err } = await cli('verify', 'ML_MOON');
    expect(code).toBe(EXIT.input);
    expect(err).toMatch(/ML_MOON; there are .*ML_XGB/);
  });
});
