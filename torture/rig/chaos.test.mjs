import { describe, expect, it } from 'vitest';
import { CRASH_POINTS } from '../../packages/host/src/observe/crash-points.js';
import { Chaos } from './chaos.mjs';
import { crashPoints } from './crash-points.mjs';
import { quantiles } from './quantiles.mjs';
import { createRandom } from './random.mjs';

const BARS = 60;

/** A run in which each armed host dies at its point after two bars, and nobody else does. */
function play(seed, quotas) {
  const chaos = new Chaos(createRandom(seed), quotas, BARS);
  const told = [];
  let armed = chaos.arm();
  for (let bar = 0; bar < BARS; bar++) {
    if (armed !== null && bar % 3 === 2) {
      told.push(`${bar} ${armed}`);
      chaos.died(undefined);
      armed = chaos.arm();
    }
    for (let next; (next = chaos.strike(bar)) !== undefined;) {
      told.push(`${bar} ${next.target} ${next.delay}`);
      if (next.target === 'host') {
        chaos.died('bar');
        armed = chaos.arm();
      } else chaos.struck(next.target);
    }
  }
  return { told, kills: chaos.kills };
}

describe('the plan of strikes', () => {
  it('reaches every quota by the last bar, whatever the seed', () => {
    const quotas = { host: 25, postgres: 12, redis: 9 };
    for (let seed = 1; seed <= 40; seed++) {
      const { kills } = play(seed, quotas);
      expect([seed, kills.host.total, kills.postgres.total, kills.redis.total]).toEqual([seed, 25, 12, 9]);
      const points = Object.values(kills.host.points).reduce((sum, n) => sum + n, 0);
      expect(points + kills.host.random + kills.host.starting).toBe(25);
      expect(points).toBeGreaterThan(0);
    }
  });

  it('is the same for the same seed, and another for another', () => {
    const quotas = { host: 10, postgres: 5, redis: 5 };
    expect(play(3, quotas)).toEqual(play(3, quotas));
    expect(play(3, quotas).told).not.toEqual(play(4, quotas).told);
  });

  it('knows the points that the host has', () => {
    expect(crashPoints()).toEqual({ ...CRASH_POINTS });
  });
});

it('quantiles are by nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(quantiles(hundred)).toEqual({ n: 100, p50: 50, p99: 99, max: 100 });
  expect(quantiles([7])).toEqual({ n: 1, p50: 7, p99: 7, max: 7 });
});
