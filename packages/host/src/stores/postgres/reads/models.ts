import type { Database } from './database.js';

/** What the check of a stored model version found. */
export interface ModelCheck {
  readonly state: 'verified' | 'refused';
  readonly reason: string | null;
  readonly goldenRows: number;
}

/** The check of the version with these bytes; undefined where none was stored. */
export async function modelCheck(db: Database, code: string, sha256: string): Promise<ModelCheck | undefined> {
  const { rows } = await db.query<ModelCheck>(
    `SELECT state, reason, golden_rows AS "goldenRows" FROM dw.model_version
     WHERE strategy_code = $1 AND sha256 = $2 ORDER BY version DESC LIMIT 1`,
    [code, sha256],
  );
  return rows[0];
}
