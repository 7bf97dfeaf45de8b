import type { Pool } from 'pg';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Access } from '../../src/security/access.js';
import { hashPassword } from '../../src/security/passwords.js';
import { newKey } from '../../src/security/secrets.js';
import { openPool } from '../../src/stores/postgres/pool.js';
import { testDatabase, type TestDatabase } from '../postgres.js';
import { closedAccess, giveKey, giveUser, PASSWORD } from './gate.js';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await testDatabase({ world: 'market' });
  pool = database.pool;
});
afterEach(() => vi.restoreAllMocks());

type Request = Parameters<Access['identify']>[0];
const from = (address: string, headers: Record<string, string> = {}): Request =>
  ({ headers, socket: { remoteAddress: address } }) as unknown as Request;
const junk = (): Record<string, string> => ({ 'x-api-key': newKey().key });
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'in',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
const cookieOf = async (access: Access, email: string): Promise<Record<string, string>> => ({
  cookie: (await access.login(email, PASSWORD, '::1')).cookie.split(';')[0]!,
});
const lastSeen = async (): Promise<number> =>
  (await pool.query<{ at: number }>('SELECT max(last_seen_at) AS at FROM dw.login_session')).rows[0]!.at;

describe('lookups of callers', () => {
  it('one who sends junk without end is throttled, and keeps no valid key of the same address out', async () => {
    const access = closedAccess({ rate: { points: 20, seconds: 60 } })(pool);
    const key = await giveKey(pool, 'viewer', 'behind-one-proxy');
    const codes = await Promise.all(
      Array.from({ length: 60 }, () => codeOf(access.identify(from('10.0.0.9', junk())))),
    );
    expect(codes.filter((code) => code === 'AUTH_INVALID')).toHaveLength(20);
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(40);
    expect(await access.identify(from('10.0.0.9', key.headers))).toMatchObject({ role: 'viewer', address: '10.0.0.9' });
    // known by now, asked for from elsewhere: his own address is that of the request
    expect(await access.identify(from('10.0.0.8', key.headers))).toMatchObject({ address: '10.0.0.8' });
  });

  it('at one time are four at most, and one for all requests of one key', async () => {
    let [running, most, asked] = [0, 0, 0];
    const counting = new Proxy(pool, {
      get: (target, name) =>
        name !== 'query'
          ? (Reflect.get(target, name) as unknown)
          : async (text: string, values: unknown[]) => {
              asked++;
              most = Math.max(most, ++running);
              return target.query(text, values).finally(() => running--);
            },
    });
    const access = closedAccess()(counting);
    const { headers } = await giveKey(pool, 'viewer', 'many-requests');
    await pool.query('UPDATE dw.api_key SET last_used_at = now()');
    await Promise.all(Array.from({ length: 50 }, () => access.identify(from('::1', headers))));
    expect(asked).toBe(1);
    await Promise.all(Array.from({ length: 50 }, () => codeOf(access.identify(from('::1', junk())))));
    expect([asked, most]).toEqual([51, 4]);
  });

  it('write nothing before they answer: a store that takes no writes lets keys and logins in', async () => {
    const email = await giveUser(pool, 'viewer', 'reader@example.org');
    const key = await giveKey(pool, 'viewer', 'reader');
    const cookie = await cookieOf(closedAccess()(pool), email);
    await pool.query(`UPDATE dw.login_session SET last_seen_at = now() - interval '10 minutes'`);
    await pool.query(`ALTER DATABASE ${database.name} SET default_transaction_read_only = on`);
    const full = openPool(database.connection);
    try {
      await expect(full.query('DELETE FROM dw.login_session')).rejects.toThrow('read-only');
      const access = closedAccess()(full);
      expect(await access.identify(from('::1', key.headers))).toMatchObject({ kind: 'key', role: 'viewer' });
      expect(await access.identify(from('::1', cookie))).toMatchObject({ kind: 'session', role: 'viewer' });
    } finally {
      await full.end();
      await pool.query(`ALTER DATABASE ${database.name} RESET default_transaction_read_only`);
    }
  });

  it('note the last use of a key with its own secret, not of one whose id alone was guessed', async () => {
    const used = async (id: string): Promise<number | null> =>
      (await pool.query<{ at: number | null }>('SELECT last_used_at AS at FROM dw.api_key WHERE key_id = $1', [id]))
        .rows[0]!.at;
    const key = await giveKey(pool, 'viewer', 'used');
    const access = closedAccess()(pool);
    const wrong = key.key.slice(0, -1) + (key.key.endsWith('A') ? 'B' : 'A');
    expect(await codeOf(access.identify(from('::1', { 'x-api-key': wrong })))).toBe('AUTH_INVALID');
    expect(await used(key.id)).toBeNull();
    await access.identify(from('::1', key.headers));
    await expect.poll(() => used(key.id)).not.toBeNull();
  });

  it('an open WebSocket that is looked after keeps no login alive; a request does', async () => {
    const access = closedAccess()(pool);
    const cookie = await cookieOf(access, await giveUser(pool, 'viewer', 'idle@example.org'));
    const caller = await access.identify(from('::1', cookie));
    await pool.query(`UPDATE dw.login_session SET last_seen_at = now() - interval '10 minutes'`);
    const idle = await lastSeen();
    const later = performance.now() + 3_000; // what was known is asked for again
    vi.spyOn(performance, 'now').mockReturnValue(later);
    expect(await access.stands(caller)).toBe(true);
    await pool.query('SELECT 1');
    expect(await lastSeen()).toBe(idle);
    await access.identify(from('::1', cookie));
    await expect.poll(lastSeen).toBeGreaterThan(idle);
  });
});

describe('logins', () => {
  it('with the right password are no tries of their address, however many come from it', async () => {
    const access = closedAccess({ tries: { points: 1, seconds: 900 } })(pool); // ten of one address
    const email = await giveUser(pool, 'viewer', 'often@example.org');
    const codes: string[] = [];
    for (let i = 0; i < 12; i++) codes.push(await codeOf(access.login(email, PASSWORD, '10.0.0.7')));
    expect([...new Set(codes)]).toEqual(['in']);
    for (let i = 0; i < 10; i++) codes.push(await codeOf(access.login(`${i}@example.org`, 'wrong', '10.0.0.7')));
    expect(codes.slice(12)).toEqual(Array(10).fill('LOGIN_REFUSED'));
    expect(await codeOf(access.login(email, PASSWORD, '10.0.0.7'))).toBe('LOGIN_THROTTLED');
  });

  it('by the old password do not outlive a reset that is under way', async () => {
    const email = await giveUser(pool, 'admin', 'reset@example.org');
    const reset = await pool.connect();
    try {
      await reset.query('BEGIN');
      const { rows } = await reset.query<{ id: number }>(
        'UPDATE users SET password_hash = $2 WHERE email = $1 RETURNING user_id AS id',
        [email, await hashPassword('another good password')],
      );
      await reset.query('DELETE FROM dw.login_session WHERE user_id = $1', [rows[0]!.id]);
      let code: string | undefined;
      const login = codeOf(closedAccess()(pool).login(email, PASSWORD, '::1')).then((told) => (code = told));
      const waits = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      await expect.poll(async () => code ?? (await pool.query(waits)).rowCount, { timeout: 5_000 }).not.toBe(0);
      await reset.query('COMMIT');
      expect(await login).toBe('LOGIN_REFUSED');
      const open = await pool.query('SELECT 1 FROM dw.login_session WHERE user_id = $1', [rows[0]!.id]);
      expect(open.rowCount).toBe(0);
    } finally {
      reset.release();
    }
  });
});
