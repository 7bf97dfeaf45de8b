// A small share of what `npm run torture` does at length.
import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { check } from './checker/index.mjs';
import { replay } from './rig/replay.mjs';

const BARS = 16;
const possible = process.platform === 'linux' && spawnSync('redis-server', ['--version']).status === 0;
if (!possible && process.env['SIGNALBOX_NO_SKIPS']) throw new Error('torture needs Linux and redis-server');
if (!possible) console.warn('SKIPPED: torture needs Linux and redis-server on PATH (apt-get install redis-server)');

const run = (quotas) =>
  replay({
    seed: 11,
    sessions: 1,
    quotas,
    inProcess: true,
    plugins: ['@signalbox/strategy-ml-xgb', '@signalbox/strategy-ensemble', 'signalbox-strategy-breakout'],
    shape: (bars) => bars.slice(0, BARS),
  });

describe.skipIf(!possible)('16 bars while host, PostgreSQL and Redis are killed', () => {
  let undisturbed;
  let disturbed;
  beforeAll(async () => {
    [undisturbed, disturbed] = await Promise.all([run({}), run({ host: 3, postgres: 2, redis: 2 })]);
  }, 240_000);

  it('the undisturbed run violates no rule, and trades', () => {
    expect(check(undisturbed.record, undisturbed)).toEqual([]);
    expect(undisturbed.record.positions.length).toBeGreaterThan(0);
    expect(undisturbed.record.signals.length).toBe(3 * BARS);
  });

  it('each target was struck as often as asked', () => {
    const { host, postgres, redis } = disturbed.kills;
    expect([host.total, postgres.total, redis.total].map((n, i) => n >= [3, 2, 2][i])).toEqual([true, true, true]);
  });

  it('nothing is lost, nothing doubled, and every fact is that of the undisturbed run', () => {
    expect(check(disturbed.record, { ...disturbed, undisturbed: undisturbed.record })).toEqual([]);
  });
});
