import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mayDo, type Role } from '../../src/security/roles.js';
import { ANALYTICS_ROUTES } from '../../src/services/analytics/index.js';
import { PAGE_ROUTES } from '../../src/services/document.js';
import { MODELS_ROUTES } from '../../src/services/models/index.js';
import type { Route } from '../../src/services/route.js';
import { TRADING_ROUTES } from '../../src/services/trading/index.js';
import { openStage, type Stage } from '../api/stage.js';
import { closedAccess, cookieOf, giveKey, giveUser, statusOf } from './gate.js';

let stage: Stage;
interface State {
  readonly headers: Readonly<Record<string, string>>;
  /** What it allows. `bad`: it says who he is, wrongly. */
  readonly role: Role | 'bad';
}
const states: Record<string, State> = {};

beforeAll(async () => {
  stage = await openStage({ access: closedAccess() });
  const { pool } = stage;
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
  for (const role of ['viewer', 'trader', 'admin'] as const) {
    const { key, headers } = await giveKey(pool, role);
    states[`key of a ${role}`] = { role, headers };
    states[`key of a ${role} in X-API-Key`] = { role, headers: { 'x-api-key': key } };
    const cookie = await cookieOf(stage.models.url, await giveUser(pool, role));
    states[`login of a ${role}`] = { role, headers: { cookie } };
  }
  states['nothing'] = { role: 'public', headers: {} };
  states['another cookie'] = { role: 'public', headers: { cookie: 'theme=dark' } };
  states['no key at all'] = { role: 'bad', headers: bearer('admin') };
  states['basic authentication'] = { role: 'bad', headers: { authorization: 'Basic YWRtaW46YWRtaW4=' } };
  const random = (n: number): string => randomBytes(n).toString('base64url');
  states['a key that never was'] = { role: 'bad', headers: bearer(`sbx_abcdefgh_${random(32)}`) };
  const { key } = await giveKey(pool, 'admin', 'guessed');
  states['the id of a key with another secret'] = { role: 'bad', headers: bearer(`${key.slice(0, 13)}${random(32)}`) };
  states['the same in X-API-Key'] = { role: 'bad', headers: { 'x-api-key': `${key.slice(0, 13)}${random(32)}` } };
  states['two keys'] = {
    role: 'bad',
    headers: {
      ...states['key of a viewer']!.headers,
      'x-api-key': states['key of a admin in X-API-Key']!.headers['x-api-key']!,
    },
  };
  states['an X-API-Key without content, and a login'] = {
    role: 'bad',
    headers: { 'x-api-key': '', ...states['login of a admin']!.headers },
  };
  const cut = await giveKey(pool, 'admin', 'cut');
  states['a key that is cut off'] = { role: 'bad', headers: bearer(cut.key.slice(0, -1)) };
  states['an expired key'] = { role: 'bad', headers: (await giveKey(pool, 'admin', 'old', Date.now() - 1000)).headers };
  const revoked = await giveKey(pool, 'admin', 'revoked');
  await pool.query('UPDATE dw.api_key SET revoked_at = now() WHERE key_id = $1', [revoked.id]);
  states['a revoked key'] = { role: 'bad', headers: revoked.headers };
  states['a login that never was'] = { role: 'bad', headers: { cookie: `signalbox=${random(32)}` } };
  const over = await cookieOf(stage.models.url, await giveUser(pool, 'admin', 'over@example.org'));
  await pool.query(`UPDATE dw.login_session SET expires_at = now() - interval '1 s' WHERE user_id =
    (SELECT user_id FROM users WHERE email = 'over@example.org')`);
  states['a login that is over'] = { role: 'bad', headers: { cookie: over } };
  const idle = await cookieOf(stage.models.url, await giveUser(pool, 'admin', 'idle@example.org'));
  await pool.query(`UPDATE dw.login_session SET last_seen_at = now() - interval '3 hours' WHERE user_id =
    (SELECT user_id FROM users WHERE email = 'idle@example.org')`);
  states['a login that was idle for three hours'] = { role: 'bad', headers: { cookie: idle } };
  const gone = await cookieOf(stage.models.url, await giveUser(pool, 'admin', 'gone@example.org'));
  await pool.query(`DELETE FROM users WHERE email = 'gone@example.org'`);
  states['a login of a removed user'] = { role: 'bad', headers: { cookie: gone } };
}, 60_000);
afterAll(() => stage.close());

const tables: readonly (readonly ['models' | 'trading' | 'analytics' | 'dashboard', readonly Route[]])[] = [
  ['models', MODELS_ROUTES],
  ['trading', TRADING_ROUTES],
  ['analytics', ANALYTICS_ROUTES],
  ['dashboard', PAGE_ROUTES],
];

/** The page's own origin has every route, so it sees every state; the other services are asked whether they stand behind the same door. */
const AT_EVERY_SERVICE = new Set([
  'key of a viewer',
  'key of a trader',
  'key of a admin',
  'login of a viewer',
  'nothing',
  'a key that never was',
  'a revoked key',
]);

describe('every route × every state of a caller', () => {
  for (const [service, routes] of tables) {
    it(`${service}: lets in whom the route table names, and nobody else`, async () => {
      const wrong: string[] = [];
      const all = [
        // asked over loopback
        ...routes.map(({ method, path, localRole }) => ({ method: method as string, path, role: localRole })),
        { method: 'GET', path: '/openapi.json', role: 'viewer' as const },
        // what there is not shows to nobody from outside
        { method: 'GET', path: '/api/no-such-route', role: 'viewer' as const },
        { method: 'DELETE', path: '/api/health', role: 'viewer' as const },
      ];
      for (const { method, path, role } of all) {
        for (const [name, state] of Object.entries(states)) {
          if (service !== 'dashboard' && !AT_EVERY_SERVICE.has(name)) continue;
          // a login that works would end here
          if (path === '/api/logout' && state.headers['cookie'] && state.role !== 'bad') continue;
          const headers = {
            ...state.headers,
            'sec-fetch-site': 'same-origin',
            // no body gets through as JSON, so that nothing is changed
            ...(method === 'GET' ? {} : { 'content-type': 'text/plain' }),
          };
          const url = `${stage[service].url}${path.replace(/:\w+/g, 'x')}`;
          const status = await statusOf(url, headers, method, method === 'GET' ? undefined : 'x');
          const refused = status === 401 || status === 403;
          const expected =
            state.role === 'bad'
              ? role === 'public'
                ? 0
                : 401
              : mayDo(state.role, role)
                ? 0
                : state.role === 'public'
                  ? 401
                  : 403;
          if (expected === 0 ? refused : status !== expected)
            wrong.push(`${method} ${path} (${role}) with ${name}: ${status}, expected ${expected || 'to be let in'}`);
        }
      }
      expect(wrong).toEqual([]);
    }, 60_000);
  }

  it('only health, readiness, and what is asked before a login, need nobody', () => {
    const open = new Set(
      tables.flatMap(([, routes]) => routes.filter((each) => each.role === 'public').map((each) => each.path)),
    );
    expect([...open].sort()).toEqual(['/api/health', '/api/login', '/api/session', '/ready']);
  });

  it('metrics need nobody on loopback, and a viewer from elsewhere or through a proxy; nothing else knows the difference', async () => {
    const local = tables.flatMap(([, routes]) => routes.filter((each) => each.localRole !== each.role));
    expect([...new Set(local.map((each) => `${each.path} ${each.role} ${each.localRole}`))]).toEqual([
      '/metrics viewer public',
    ]);
    const url = `${stage.models.url}/metrics`;
    expect(await statusOf(url)).toBe(200);
    for (const name of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'])
      expect(await statusOf(url, { [name]: '127.0.0.1' })).toBe(401);
    const from = (remoteAddress: string, https = false): boolean =>
      closedAccess({ https })(stage.pool).isLocal({ headers: {}, socket: { remoteAddress } } as IncomingMessage);
    expect(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'].map((each) => from(each))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(['10.0.0.1', '192.0.2.2', '::2', '::ffff:10.0.0.1', '1.127.0.0.1', ''].some((each) => from(each))).toBe(
      false,
    );
    expect(from('127.0.0.1', true)).toBe(false);
  });

  it('what changes state takes a trader or an admin, but for a login’s own', () => {
    const low = tables.flatMap(([, routes]) =>
      routes.filter((each) => each.method !== 'GET' && !mayDo(each.role, 'trader')).map((each) => each.path),
    );
    expect([...new Set(low)].sort()).toEqual(['/api/login', '/api/logout', '/api/ws-ticket']);
  });

  it('HEAD takes what GET takes', async () => {
    const head = (headers: Record<string, string>) =>
      fetch(`${stage.models.url}/api/models`, { method: 'HEAD', headers }).then((answer) => answer.status);
    expect(await head({})).toBe(401);
    expect(await head({ ...states['key of a viewer']!.headers })).toBe(200);
  });

  it('what is kept for one caller is not sent to another who may not see it', async () => {
    const url = `${stage.models.url}/api/models`;
    expect((await fetch(url, { headers: states['key of a viewer']!.headers })).status).toBe(200);
    expect((await fetch(url)).status).toBe(401);
  });
});
