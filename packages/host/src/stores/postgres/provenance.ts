import { createHash } from 'node:crypto';
import type { Queryable } from './pool.js';

/** What a strategy decided with, the same for many bars. */
export interface Provenance {
  readonly pluginVersion: string | null;
  /** The features of its vector, in order. */
  readonly featureNames: readonly string[];
  /** Hash of each feature's definition by name. */
  readonly featureHashes: Readonly<Record<string, string>>;
  readonly modelSha256: string | null;
  readonly calendarVersion: string | null;
}

/** Stores a provenance once and returns its id, which each signal then carries. */
export async function storeProvenance(db: Queryable, provenance: Provenance): Promise<number> {
  const { pluginVersion, featureNames, featureHashes, modelSha256, calendarVersion } = provenance;
  const hashes = Object.fromEntries(featureNames.map((name) => [name, featureHashes[name] ?? null]));
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([pluginVersion, featureNames, hashes, modelSha256, calendarVersion]))
    .digest('hex');
  const { rows } = await db.query<{ id: number }>(
    `WITH added AS (
       INSERT INTO dw.provenance (fingerprint, plugin_version, feature_names, feature_hashes, model_sha256, calendar_version)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (fingerprint) DO UPDATE SET fingerprint = excluded.fingerprint
       RETURNING provenance_id)
     SELECT provenance_id AS id FROM added`,
    [fingerprint, pluginVersion, featureNames, JSON.stringify(hashes), modelSha256, calendarVersion],
  );
  return rows[0]!.id;
}
