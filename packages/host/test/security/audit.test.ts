import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUser, listUsers, setPassword } from '../../src/stores/postgres/accounts.js';
import { brokenAudit, readAudit, writeAudit, type AuditRow } from '../../src/stores/postgres/audit.js';
import { carryAccess, listKeys, revokeKey } from '../../src/stores/postgres/credentials.js';
import { MODELS_ROUTES } from '../../src/services/models/index.js';
import { openStage, type Stage } from '../api/stage.js';
import { testDatabase } from '../postgres.js';
import { closedAccess, giveKey, giveUser, PASSWORD, post } from './gate.js';

let stage: Stage;
beforeAll(async () => {
  const done = () => {};
  stage = await openStage({
    world: 'simulated',
    access: closedAccess(),
    control: {
      pause: done,
      resume: () => {
        throw new Error('it broke');
      },
      step: done,
      restart: done,
      setSpeed: done,
    },
  });
});
afterAll(() => stage.close());
const newest = async (n = 1): Promise<AuditRow[]> => readAudit(stage.pool, n);

describe('the audit', () => {
  it('has who, what and when of each change over HTTP, before it is made', async () => {
    const { headers } = await giveKey(stage.pool, 'trader', 'airflow');
    const began = Date.now();
    expect((await post(`${stage.models.url}/api/clock`, { action: 'pause' }, headers)).status).toBe(200);
    const [row] = await newest();
    expect(row).toMatchObject({
      actor: 'key airflow',
      role: 'trader',
      action: 'POST /api/clock',
      subject: '/api/clock',
      detail: { body: { action: 'pause' } },
    });
    expect(row!.address).toMatch(/127\.0\.0\.1|::1/);
    expect(Math.abs(row!.recordedAt - began)).toBeLessThan(60_000);
  });

  it('says what failed; what was refused changed nothing and leaves no row', async () => {
    const { headers } = await giveKey(stage.pool, 'trader', 'failing');
    await post(`${stage.models.url}/api/clock`, { action: 'resume' }, headers);
    const [failed, asked] = await newest(2);
    expect(asked).toMatchObject({ action: 'POST /api/clock', detail: { body: { action: 'resume' } } });
    expect(failed).toMatchObject({ action: 'POST /api/clock failed', detail: { code: 'INTERNAL' } });
    const viewer = await giveKey(stage.pool, 'viewer', 'curious');
    const [before] = await newest();
    await post(`${stage.models.url}/api/clock`, { action: 'pause' }, viewer.headers);
    await post(`${stage.models.url}/api/clock`, { action: 'nonsense' }, headers);
    expect((await newest())[0]!.id).toBe(before!.id);
  });

  it('every route that changes state is audited', () => {
    const silent = MODELS_ROUTES.filter((each) => each.method !== 'GET' && !each.audited).map((each) => each.path);
    // a login and its end write rows of their own; a ticket changes nothing
    expect(silent).toEqual(['/api/login', '/api/logout', '/api/ws-ticket']);
  });

  it('has logins, refused ones too, and never what was typed as a password or as an unknown address', async () => {
    const email = await giveUser(stage.pool, 'viewer', 'logs@example.org');
    await post(`${stage.models.url}/api/login`, { email, password: 'canary-wrong-password' });
    await post(`${stage.models.url}/api/login`, { email: 'canary-typed-in-the-wrong-field', password: 'x' });
    await post(`${stage.models.url}/api/login`, { email, password: PASSWORD });
    expect((await newest(3)).map(({ actor, action }) => [actor, action])).toEqual([
      [email, 'login'],
      ['nobody', 'login.refused'],
      [email, 'login.refused'],
    ]);
    expect(JSON.stringify(await newest(1000))).not.toContain('canary');
  });

  it('has users and keys, who changed them, and no hash of a password or key', async () => {
    await addUser(stage.pool, 'ana', {
      email: 'hash@example.org',
      name: null,
      role: 'viewer',
      passwordHash: 'canary-hash',
    });
    await setPassword(stage.pool, 'ana', 'hash@example.org', 'canary-hash-2');
    await giveKey(stage.pool, 'admin', 'for the robot');
    await revokeKey(stage.pool, 'ana', 'for the robot');
    const rows = await newest(4);
    expect(rows.map(({ actor, action, subject }) => [actor, action, subject])).toEqual([
      ['ana', 'api_key.update', 'for the robot'],
      ['test', 'api_key.insert', 'for the robot'],
      ['ana', 'users.update', 'hash@example.org'],
      ['ana', 'users.insert', 'hash@example.org'],
    ]);
    expect(JSON.stringify(rows)).not.toMatch(/canary|digest|password_hash/);
    expect((rows[0]!.detail as { revoked_at: unknown[] }).revoked_at[0]).toBeNull();
  });

  it('has what was changed past the host: a strategy switched off by SQL', async () => {
    await stage.pool.query(
      `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type) VALUES ('BY_SQL', 'By SQL', 'ML')`,
    );
    await stage.pool.query(`UPDATE dw.dim_strategy SET is_active = false WHERE strategy_code = 'BY_SQL'`);
    await stage.pool.query(`UPDATE dw.dim_strategy SET is_active = false WHERE strategy_code = 'BY_SQL'`);
    const [update, insert] = await newest(2);
    expect(update).toMatchObject({
      action: 'dim_strategy.update',
      subject: 'BY_SQL',
      detail: { is_active: [true, false] },
    });
    expect(update!.actor).toMatch(/^database role /);
    expect(insert).toMatchObject({ action: 'dim_strategy.insert' });
  });

  it('cannot be changed, nor emptied; and when an owner of the table forces it, it shows', async () => {
    for (const sql of ['UPDATE dw.audit SET actor = $1', 'DELETE FROM dw.audit WHERE actor = $1'])
      await expect(stage.pool.query(sql, ['ana'])).rejects.toThrow('append-only');
    await expect(stage.pool.query('TRUNCATE dw.audit')).rejects.toThrow('append-only');
    expect(await brokenAudit(stage.pool)).toBeNull();
    const { pool } = await testDatabase({ world: 'market' });
    for (let i = 1; i <= 6; i++) await writeAudit(pool, { actor: `a${i}`, action: 'test' });
    expect(await brokenAudit(pool)).toBeNull();
    await pool.query('ALTER TABLE dw.audit DISABLE TRIGGER USER');
    await pool.query(`UPDATE dw.audit SET actor = 'b' WHERE audit_id = 4`);
    expect(await brokenAudit(pool)).toBe(4);
    await pool.query(`UPDATE dw.audit SET actor = 'a4' WHERE audit_id = 4`);
    expect(await brokenAudit(pool)).toBeNull();
    await pool.query('DELETE FROM dw.audit WHERE audit_id = 2');
    expect(await brokenAudit(pool)).toBe(3);
  });

  it('is one chain whoever writes at the same time', async () => {
    const { pool } = await testDatabase({ world: 'market' });
    await Promise.all(Array.from({ length: 40 }, (_, i) => writeAudit(pool, { actor: `a${i}`, action: 'test' })));
    expect(await brokenAudit(pool)).toBeNull();
    expect(await readAudit(pool, 100)).toHaveLength(40);
  });

  it('goes on in the next demo world, with users, logins and keys', async () => {
    const next = await testDatabase({ world: 'simulated' });
    await carryAccess(stage.connection, next.connection);
    expect(await listUsers(next.pool)).toEqual(await listUsers(stage.pool));
    expect(await listKeys(next.pool)).toEqual(await listKeys(stage.pool));
    expect(await readAudit(next.pool, 1000)).toEqual(await readAudit(stage.pool, 1000));
    await giveUser(next.pool, 'viewer', 'later@example.org');
    expect(await brokenAudit(next.pool)).toBeNull();
    const sessions = 'SELECT count(*)::int AS n FROM dw.login_session';
    expect((await next.pool.query(sessions)).rows).toEqual((await stage.pool.query(sessions)).rows);
  });
});
