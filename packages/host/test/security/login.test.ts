import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeUser, setPassword } from '../../src/stores/postgres/accounts.js';
import { revokeKey } from '../../src/stores/postgres/credentials.js';
import { hashPassword } from '../../src/security/passwords.js';
import { openStage, type Stage } from '../api/stage.js';
import { closedAccess, cookieOf, giveKey, giveUser, PASSWORD, post } from './gate.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ access: closedAccess() });
});
afterAll(() => stage.close());
const sees = (headers: Record<string, string>): Promise<number> =>
  fetch(`${stage.models.url}/api/models`, { headers }).then((answer) => answer.status);
const eventually = async (status: number, headers: Record<string, string>): Promise<number> => {
  const began = Date.now();
  while ((await sees(headers)) !== status && Date.now() - began < 10_000)
    await new Promise((go) => setTimeout(go, 100));
  return (Date.now() - began) / 1000;
};

describe('login', () => {
  it('sets a cookie that scripts cannot read and other sites cannot send; behind TLS for https alone', async () => {
    const email = await giveUser(stage.pool, 'trader', 'cookie@example.org');
    const answer = await post(`${stage.dashboard.url}/api/login`, { email: 'Cookie@Example.org ', password: PASSWORD });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('set-cookie')).toMatch(
      /^signalbox=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    );
    expect(await answer.json()).toEqual({
      authentication: 'required',
      role: 'trader',
      caller: { kind: 'session', name: email, role: 'trader' },
    });
    const { cookie } = await closedAccess({ https: true })(stage.pool).login(email, PASSWORD, '::1');
    expect(cookie).toMatch(/^__Host-signalbox=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure$/);
  });

  it('refuses a wrong password and an unknown user in the same words and in about the same time', async () => {
    const email = await giveUser(stage.pool, 'viewer', 'same@example.org');
    const access = closedAccess({ tries: { points: 1000, seconds: 60 } })(stage.pool);
    const timed = async (name: string): Promise<{ text: string; ms: number }> => {
      const times: number[] = [];
      let text = '';
      for (let i = 0; i < 9; i++) {
        const began = performance.now();
        text = await access.login(name, 'not the password', '::1').then(
          () => 'in',
          (error: Error) => error.message,
        );
        times.push(performance.now() - began);
      }
      return { text, ms: times.sort((a, b) => a - b)[4]! };
    };
    const [known, unknown] = [await timed(email), await timed('nobody@example.org')];
    expect(known.text).toBe(unknown.text);
    // without the stand-in's hash an unknown user would be told ten times as fast
    expect(unknown.ms).toBeGreaterThan(known.ms / 3);
  });

  it('after five wrong passwords refuses the right one, too, with Retry-After; another account is not affected', async () => {
    const email = await giveUser(stage.pool, 'viewer', 'slow@example.org');
    const other = await giveUser(stage.pool, 'viewer', 'other@example.org');
    for (let i = 0; i < 5; i++)
      expect((await post(`${stage.models.url}/api/login`, { email, password: `wrong ${i}` })).status).toBe(401);
    const closed = await post(`${stage.models.url}/api/login`, { email: email.toUpperCase(), password: PASSWORD });
    expect(closed.status).toBe(429);
    expect(Number(closed.headers.get('retry-after'))).toBeGreaterThan(600);
    expect(((await closed.json()) as { code: string }).code).toBe('LOGIN_THROTTLED');
    expect((await post(`${stage.models.url}/api/login`, { email: other, password: PASSWORD })).status).toBe(200);
  });

  it('ends with logout, and with it only', async () => {
    const email = await giveUser(stage.pool, 'viewer', 'out@example.org');
    const [one, two] = [await cookieOf(stage.models.url, email), await cookieOf(stage.models.url, email)];
    const answer = await post(`${stage.models.url}/api/logout`, {}, { cookie: one });
    expect(answer.headers.get('set-cookie')).toMatch(/^signalbox=; .*Max-Age=0/);
    expect(await sees({ cookie: one })).toBe(401);
    expect(await sees({ cookie: two })).toBe(200);
  });

  it('of whoever gets a new password, or is removed, ends within five seconds; a revoked key does, too', async () => {
    const [a, b] = [
      await giveUser(stage.pool, 'admin', 'a@example.org'),
      await giveUser(stage.pool, 'admin', 'b@example.org'),
    ];
    const changed = { cookie: await cookieOf(stage.models.url, a) };
    const removed = { cookie: await cookieOf(stage.models.url, b) };
    const key = await giveKey(stage.pool, 'admin', 'short-lived');
    for (const headers of [changed, removed, key.headers]) expect(await sees(headers)).toBe(200);
    await setPassword(stage.pool, 'test', a, await hashPassword('another good password'));
    await removeUser(stage.pool, 'test', b);
    await revokeKey(stage.pool, 'test', key.id);
    for (const headers of [changed, removed, key.headers]) expect(await eventually(401, headers)).toBeLessThan(5);
  });

  it('a change by cookie needs a page of this very origin: not another port, not a site, not one that does not say', async () => {
    const cookie = await cookieOf(stage.models.url, await giveUser(stage.pool, 'admin', 'csrf@example.org'));
    const change = (headers: Record<string, string>) =>
      fetch(`${stage.models.url}/api/clock`, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/json', ...headers },
        body: '{"action":"pause"}',
      }).then((answer) => answer.json() as Promise<{ code: string }>);
    expect((await change({ origin: stage.models.url })).code).toBe('CLOCK_NOT_SIMULATED'); // let in
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://localhost:1' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
    ] as Record<string, string>[])
      expect([headers, (await change(headers)).code]).toEqual([headers, 'ORIGIN_NOT_ALLOWED']);
    // what a foreign form can send
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
      expect((await change({ origin: stage.models.url, 'content-type': type })).code).toBe('BODY_NOT_JSON');
  });

  it('nobody logs in where nobody has to', async () => {
    const open = await openStage();
    try {
      expect((await open.get('/api/session')).body).toEqual({ authentication: 'none', role: 'admin', caller: null });
      const answer = await post(`${open.models.url}/api/login`, { email: 'a@b.c', password: PASSWORD });
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([409, 'AUTH_NOT_CONFIGURED']);
    } finally {
      await open.close();
    }
  });
});
