import type { Pool } from 'pg';
import type { GrantedRole } from '../../security/roles.js';
import { asActor } from './audit.js';
import type { Queryable } from './pool.js';

/** A row of `users`, without its password. */
export interface User {
  readonly id: number;
  readonly email: string;
  readonly name: string | null;
  readonly role: GrantedRole;
  /** Wall time. */
  readonly createdAt: number;
}

const COLUMNS = `user_id AS id, email, name, role, created_at AS "createdAt"`;

/** In order of e-mail address. */
export async function listUsers(db: Queryable): Promise<User[]> {
  return (await db.query<User>(`SELECT ${COLUMNS} FROM users ORDER BY email COLLATE "C"`)).rows;
}

/** Addresses are kept and compared in lower case. */
export async function findUser(db: Queryable, email: string): Promise<(User & { passwordHash: string }) | undefined> {
  const { rows } = await db.query<User & { passwordHash: string }>(
    `SELECT ${COLUMNS}, password_hash AS "passwordHash" FROM users WHERE lower(email) = lower($1)`,
    [email],
  );
  return rows[0];
}

/** @returns false when there is one of that address */
export async function addUser(
  pool: Pool,
  actor: string,
  { email, name, role, passwordHash }: Pick<User, 'email' | 'name' | 'role'> & { readonly passwordHash: string },
): Promise<boolean> {
  return asActor(pool, actor, async (client) => {
    await client.query('LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE');
    if (await findUser(client, email)) return false;
    await client.query('INSERT INTO users (email, name, role, password_hash) VALUES (lower($1), $2, $3, $4)', [
      email,
      name,
      role,
      passwordHash,
    ]);
    return true;
  });
}

/** Ends his sessions, too. @returns false when there is none */
export async function removeUser(pool: Pool, actor: string, email: string): Promise<boolean> {
  return asActor(pool, actor, async (client) => {
    const { rowCount } = await client.query('DELETE FROM users WHERE lower(email) = lower($1)', [email]);
    return rowCount !== 0;
  });
}

/** Ends his sessions: whoever had the old password is out. @returns false when there is none */
export async function setPassword(pool: Pool, actor: string, email: string, passwordHash: string): Promise<boolean> {
  return asActor(pool, actor, async (client) => {
    const { rows } = await client.query<{ id: number }>(
      'UPDATE users SET password_hash = $2 WHERE lower(email) = lower($1) RETURNING user_id AS id',
      [email, passwordHash],
    );
    if (rows.length === 0) return false;
    await client.query('DELETE FROM dw.login_session WHERE user_id = $1', [rows[0]!.id]);
    return true;
  });
}
