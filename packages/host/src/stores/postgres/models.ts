import type { ArtifactFormat } from '@signalbox/core';
import type { Pool } from 'pg';
import { withTransaction, type Queryable } from './pool.js';

/** A row of `dw.model_version`: a stored model that was checked here. */
export interface ModelVersion {
  readonly code: string;
  readonly version: number;
  /** Its name in the store. */
  readonly file: string;
  readonly format: ArtifactFormat;
  readonly bytes: number;
  readonly sha256: string;
  readonly manifestSha256: string;
  readonly framework: string;
  readonly trainedOn: 'market' | 'simulated';
  readonly goldenRows: number;
  /** Null where the strategy's own runtime made the comparison. */
  readonly largestDifference: number | null;
  readonly state: 'verified' | 'refused';
  readonly reason: string | null;
  readonly remedy: string | null;
  /** Wall time. */
  readonly addedAt: number;
  readonly checkedAt: number;
}
export type NewModelVersion = Omit<ModelVersion, 'addedAt' | 'checkedAt'>;

/** A row of `dw.model_champion`. Version 0 is the package's own model. */
export interface ChampionChange {
  readonly code: string;
  readonly action: 'promote' | 'rollback';
  readonly version: number;
  readonly previousVersion: number;
  readonly sha256: string | null;
  readonly actor: string;
  /** Wall time. */
  readonly changedAt: number;
}

const VERSION = `strategy_code AS code, version, file, format, bytes, sha256, manifest_sha256 AS "manifestSha256", framework,
  trained_on AS "trainedOn", golden_rows AS "goldenRows", largest_difference AS "largestDifference", state, reason, remedy,
  added_at AS "addedAt", checked_at AS "checkedAt"`;
const CHANGE = `strategy_code AS code, action, version, previous_version AS "previousVersion", sha256, actor, changed_at AS "changedAt"`;

/** Ordered by strategy and version. */
export async function listModelVersions(db: Queryable, code?: string): Promise<ModelVersion[]> {
  const { rows } = await db.query<ModelVersion>(
    `SELECT ${VERSION} FROM dw.model_version WHERE $1::text IS NULL OR strategy_code = $1 ORDER BY strategy_code, version`,
    [code ?? null],
  );
  return rows;
}

/** Adds a version, or what a new check says of it. */
export async function storeModelVersion(db: Queryable, model: NewModelVersion): Promise<void> {
  await db.query(
    `INSERT INTO dw.model_version (strategy_code, version, file, format, bytes, sha256, manifest_sha256, framework, trained_on,
       golden_rows, largest_difference, state, reason, remedy)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     ON CONFLICT (strategy_code, version) DO UPDATE SET file = excluded.file, format = excluded.format, bytes = excluded.bytes,
       sha256 = excluded.sha256, manifest_sha256 = excluded.manifest_sha256, framework = excluded.framework,
       trained_on = excluded.trained_on, golden_rows = excluded.golden_rows, largest_difference = excluded.largest_difference,
       state = excluded.state, reason = excluded.reason, remedy = excluded.remedy, checked_at = now()`,
    [
      model.code,
      model.version,
      model.file,
      model.format,
      model.bytes,
      model.sha256,
      model.manifestSha256,
      model.framework,
      model.trainedOn,
      model.goldenRows,
      model.largestDifference,
      model.state,
      model.reason,
      model.remedy,
    ],
  );
}

/** A version that was good and is not any more. */
export async function refuseModelVersion(
  db: Queryable,
  code: string,
  version: number,
  reason: string,
  remedy: string,
): Promise<void> {
  await db.query(
    `UPDATE dw.model_version SET state = 'refused', reason = $3, remedy = $4, checked_at = now()
     WHERE strategy_code = $1 AND version = $2`,
    [code, version, reason, remedy],
  );
}

/** Oldest first. */
export async function championHistory(db: Queryable, code?: string): Promise<ChampionChange[]> {
  const { rows } = await db.query<ChampionChange>(
    `SELECT ${CHANGE} FROM dw.model_champion WHERE $1::text IS NULL OR strategy_code = $1 ORDER BY change_id`,
    [code ?? null],
  );
  return rows;
}

/**
 * The versions that a strategy goes back to, the live one last: a promotion adds one, a rollback takes one away. It begins with
 * the package's own model, 0.
 */
export function championStack(history: readonly ChampionChange[]): number[] {
  const stack = [0];
  for (const { action, version } of history) {
    if (action === 'promote') stack.push(version);
    else if (stack.length > 1) stack.pop();
  }
  return stack;
}

/** Changes the live version under a lock; `decide` sees the stack and gives the change, or throws. */
export async function changeChampion(
  pool: Pool,
  code: string,
  decide: (stack: readonly number[]) => Pick<ChampionChange, 'action' | 'version' | 'sha256' | 'actor'>,
): Promise<ChampionChange> {
  return withTransaction(pool, async (client) => {
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('signalbox.champion.' || $1, 0))`, [code]);
    const stack = championStack(await championHistory(client, code));
    const { action, version, sha256, actor } = decide(stack);
    const { rows } = await client.query<ChampionChange>(
      `INSERT INTO dw.model_champion (strategy_code, action, version, previous_version, sha256, actor)
       VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${CHANGE}`,
      [code, action, version, stack.at(-1), sha256, actor],
    );
    return rows[0]!;
  });
}

/** What a new demo world takes over from the one before: models and their history are not part of a simulated market. */
export async function takeOverModels(
  db: Queryable,
  versions: readonly ModelVersion[],
  history: readonly ChampionChange[],
): Promise<void> {
  for (const version of versions) await storeModelVersion(db, version);
  for (const { code, action, version, previousVersion, sha256, actor, changedAt } of history)
    await db.query(
      `INSERT INTO dw.model_champion (strategy_code, action, version, previous_version, sha256, actor, changed_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [code, action, version, previousVersion, sha256, actor, new Date(changedAt)],
    );
}
