import type { Pool } from 'pg';
import type { GrantedRole } from '../../security/roles.js';
import { asActor } from './audit.js';
import type { ConnectionOptions } from './connection.js';
import { openClient, type Queryable } from './pool.js';

/** A row of `dw.api_key`; the key itself is kept nowhere. All times are wall times. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly role: GrantedRole;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
}

const KEY = `key_id AS id, name, role, created_at AS "createdAt", expires_at AS "expiresAt", revoked_at AS "revokedAt",
  last_used_at AS "lastUsedAt"`;

/** Oldest first. */
export async function listKeys(db: Queryable): Promise<ApiKey[]> {
  return (await db.query<ApiKey>(`SELECT ${KEY} FROM dw.api_key ORDER BY created_at, key_id`)).rows;
}

/** @returns false when a key of that name is in use */
export async function addKey(
  pool: Pool,
  actor: string,
  key: Pick<ApiKey, 'id' | 'name' | 'role' | 'expiresAt'> & { readonly digest: Buffer },
): Promise<boolean> {
  return asActor(pool, actor, async (client) => {
    const { rowCount } = await client.query(
      `INSERT INTO dw.api_key (key_id, name, role, digest, expires_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING`,
      [key.id, key.name, key.role, key.digest, key.expiresAt === null ? null : new Date(key.expiresAt)],
    );
    return rowCount === 1;
  });
}

/** By id or name. @returns undefined when none of them is in use */
export async function revokeKey(pool: Pool, actor: string, key: string): Promise<ApiKey | undefined> {
  return asActor(pool, actor, async (client) => {
    const { rows } = await client.query<ApiKey>(
      `UPDATE dw.api_key SET revoked_at = now() WHERE (key_id = $1 OR name = $1) AND revoked_at IS NULL RETURNING ${KEY}`,
      [key],
    );
    return rows[0];
  });
}

/** One that is valid now; reads alone. `stale`: its last use was written down more than a minute ago, or never. */
export async function validKey(
  db: Queryable,
  id: string,
): Promise<{ name: string; role: GrantedRole; digest: Buffer; stale: boolean } | undefined> {
  const { rows } = await db.query<{ name: string; role: GrantedRole; digest: Buffer; stale: boolean }>(
    `SELECT name, role, digest, coalesce(last_used_at < now() - interval '1 minute', true) AS stale
     FROM dw.api_key WHERE key_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
    [id],
  );
  return rows[0];
}

export async function noteKeyUse(db: Queryable, id: string): Promise<void> {
  await db.query('UPDATE dw.api_key SET last_used_at = now() WHERE key_id = $1', [id]);
}

/** How long a login lasts: twelve hours, and two without a request. */
const IDLE = `interval '2 hours'`;
const LIFE = `interval '12 hours'`;

/**
 * For who proved to know the password with that hash. @returns false when it is not his any more: a reset that came between
 * ended all his sessions, and this is none of them
 */
export async function openSession(db: Queryable, digest: Buffer, userId: number, hash: string): Promise<boolean> {
  await db.query(`DELETE FROM dw.login_session WHERE expires_at < now() OR last_seen_at < now() - ${IDLE}`);
  // the row's lock waits for a reset that is under way, and then sees what it left
  const { rowCount } = await db.query(
    `INSERT INTO dw.login_session (digest, user_id, expires_at)
     SELECT $1::bytea, user_id, now() + ${LIFE} FROM users WHERE user_id = $2 AND password_hash = $3 FOR SHARE`,
    [digest, userId, hash],
  );
  return rowCount === 1;
}

export async function endSession(db: Queryable, digest: Buffer): Promise<void> {
  await db.query('DELETE FROM dw.login_session WHERE digest = $1', [digest]);
}

/** @returns how many there were */
export async function endAllSessions(db: Queryable): Promise<number> {
  return (await db.query('DELETE FROM dw.login_session')).rowCount ?? 0;
}

/** Of one that is valid now; reads alone. `stale`: its last use was written down more than a minute ago. */
export async function validSession(
  db: Queryable,
  digest: Buffer,
): Promise<{ id: number; email: string; role: GrantedRole; stale: boolean } | undefined> {
  const { rows } = await db.query<{ id: number; email: string; role: GrantedRole; stale: boolean }>(
    `SELECT u.user_id AS id, u.email, u.role, s.last_seen_at < now() - interval '1 minute' AS stale
     FROM dw.login_session s JOIN users u USING (user_id)
     WHERE s.digest = $1 AND s.expires_at > now() AND s.last_seen_at > now() - ${IDLE}`,
    [digest],
  );
  return rows[0];
}

export async function noteSessionUse(db: Queryable, digest: Buffer): Promise<void> {
  await db.query('UPDATE dw.login_session SET last_seen_at = now() WHERE digest = $1', [digest]);
}

const CARRIED = ['public.users', 'dw.api_key', 'dw.login_session', 'dw.audit'] as const;

/** When a demo begins again: who may do what, and who did what, go on in the new database. */
export async function carryAccess(from: ConnectionOptions, to: ConnectionOptions): Promise<void> {
  const [old, next] = await Promise.all([openClient(from), openClient(to)]);
  try {
    await next.query('BEGIN');
    for (const table of CARRIED) {
      const { rows } = await old.query<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM ${table} t`);
      // rows keep their numbers and hashes
      await next.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
      for (let i = 0; i < rows.length; i += 1000)
        await next.query(`INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1)`, [
          `[${rows
            .slice(i, i + 1000)
            .map(({ row }) => row)
            .join(',')}]`,
        ]);
      await next.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
    }
    await next.query(
      `SELECT setval(pg_get_serial_sequence('users', 'user_id'), coalesce(max(user_id), 0) + 1, false) FROM users`,
    );
    await next.query('COMMIT');
  } finally {
    await Promise.all([old.end().catch(() => {}), next.end().catch(() => {})]);
  }
}
