import type { Pool, PoolClient } from 'pg';
import { withTransaction, type Queryable } from './pool.js';

/** Who did what. Rows are never changed or removed. */
export interface AuditEntry {
  readonly actor: string;
  readonly role?: string;
  readonly address?: string;
  readonly action: string;
  readonly subject?: string;
  /** Never a secret. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface AuditRow extends Required<Omit<AuditEntry, 'role' | 'address' | 'subject'>> {
  readonly id: number;
  /** Wall time. */
  readonly recordedAt: number;
  readonly role: string | null;
  readonly address: string | null;
  readonly subject: string | null;
}

export async function writeAudit(db: Queryable, entry: AuditEntry): Promise<void> {
  const { actor, role = null, address = null, action, subject = null, detail = {} } = entry;
  await db.query(
    'INSERT INTO dw.audit (actor, role, address, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)',
    [actor, role, address, action, subject, JSON.stringify(detail)],
  );
}

/** Newest first. */
export async function readAudit(db: Queryable, limit: number): Promise<AuditRow[]> {
  const { rows } = await db.query<AuditRow>(
    `SELECT audit_id AS id, recorded_at AS "recordedAt", actor, role, address, action, subject, detail
     FROM dw.audit ORDER BY audit_id DESC LIMIT $1`,
    [limit],
  );
  return rows;
}

/** The first row whose hash is not that of its content and of the row before it; null when all are. A cut end does not show. */
export async function brokenAudit(db: Queryable): Promise<number | null> {
  const { rows } = await db.query<{ id: number | null }>(
    `SELECT min(id) AS id FROM (
       SELECT audit_id AS id, row_number() OVER w AS number, hash,
         dw.audit_hash(lag(hash) OVER w, audit_id, recorded_at, actor, role, address, action, subject, detail) AS expected
       FROM dw.audit WINDOW w AS (ORDER BY audit_id)) AS chain
     WHERE hash <> expected OR id <> number`,
  );
  return rows[0]!.id;
}

/** A transaction whose changes the audit ascribes to `actor`. */
export function asActor<T>(pool: Pool, actor: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return withTransaction(pool, async (client) => {
    await client.query(`SELECT set_config('signalbox.actor', $1, true)`, [actor]);
    return work(client);
  });
}
