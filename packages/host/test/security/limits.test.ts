import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage } from '../api/stage.js';
import { closedAccess, giveKey, statusOf } from './gate.js';

let stage: Stage;
beforeAll(async () => {
  // the real limit: 600 a minute
  stage = await openStage({ access: (pool) => closedAccess({ rate: { points: 600, seconds: 60 } })(pool) });
});
afterAll(() => stage.close());

async function ask(n: number, headers: Record<string, string>): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (let i = 0; i < n; i += 20)
    await Promise.all(
      Array.from({ length: Math.min(20, n - i) }, async () => {
        const status = await statusOf(`${stage.models.url}/api/health`, headers);
        counts[status] = (counts[status] ?? 0) + 1;
      }),
    );
  return counts;
}

describe('600 requests a minute', () => {
  it('of one key; the 601st gets 429 with Retry-After, and another key is not affected', async () => {
    const [one, two] = [await giveKey(stage.pool, 'viewer', 'one'), await giveKey(stage.pool, 'viewer', 'two')];
    expect(await ask(620, one.headers)).toEqual({ 200: 600, 429: 20 });
    const refused = await fetch(`${stage.models.url}/api/health`, { headers: one.headers });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(await refused.json()).toMatchObject({ status_code: 429, code: 'RATE_LIMITED' });
    expect(await ask(1, two.headers)).toEqual({ 200: 1 });
  });

  it('of an address that does not say who it is, or says it wrongly; keys from there are not affected', async () => {
    const key = await giveKey(stage.pool, 'viewer', 'three');
    expect(await ask(300, {})).toEqual({ 200: 300 });
    const wrong = await fetch(`${stage.models.url}/api/models`, { headers: { authorization: 'Bearer wrong' } });
    expect(wrong.status).toBe(401);
    expect(await ask(320, {})).toEqual({ 200: 299, 429: 21 });
    expect(await ask(1, key.headers)).toEqual({ 200: 1 });
  });

  it('are not counted on loopback without authentication', async () => {
    const open = await openStage();
    try {
      const statuses = new Set<number>();
      for (let i = 0; i < 650; i++) statuses.add(await statusOf(`${open.models.url}/api/session`));
      expect([...statuses]).toEqual([200]);
    } finally {
      await open.close();
    }
  });
});
