import { SignalboxError } from '@signalbox/core';
import type { Queryable } from './pool.js';

/** What `inference_features_5m` shows. */
export interface FeatureView {
  /** Its columns beside time and symbol, in order. */
  readonly names: readonly string[];
  /** Of the feature file whose values alone it shows; null: it shows those of any file, by position. */
  readonly featureHash: string | null;
}

/** Undefined where there is no such view. */
export async function readFeatureView(db: Queryable): Promise<FeatureView | undefined> {
  const { rows } = await db.query<{ names: string[]; definition: string }>(
    `SELECT array_agg(a.attname::text ORDER BY a.attnum) AS names, pg_get_viewdef(c.oid) AS definition
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.oid = to_regclass('public.inference_features_5m') GROUP BY c.oid`,
  );
  const view = rows[0];
  if (!view) return undefined;
  const featureHash = /feature_hash = '([0-9a-f]{64})'/.exec(view.definition)?.[1] ?? null;
  return { names: view.names.filter((name) => name !== 'time' && name !== 'symbol'), featureHash };
}

export function viewMatches(view: FeatureView | undefined, names: readonly string[], featureHash: string): boolean {
  return view?.featureHash === featureHash && view.names.join() === names.join();
}

const DEPENDENT_OBJECTS = '2BP01';

/**
 * Makes `inference_features_5m` show the values of this feature file and no others, so that a number never stands under another
 * feature's name. Whoever may read it still may where columns were only added at the end; where it shows that already nothing is done.
 *
 * @throws SignalboxError FEATURE_VIEW_IN_USE where other views rest on columns that are no longer
 */
export async function ensureFeatureView(db: Queryable, names: readonly string[], featureHash: string): Promise<void> {
  if (!/^[0-9a-f]{64}$/.test(featureHash)) throw new RangeError('not a hash');
  const view = await readFeatureView(db);
  if (viewMatches(view, names, featureHash)) return;
  const columns = names.map((name, i) => `values[${i + 1}] AS "${name.replaceAll('"', '""')}"`);
  const select = `SELECT ${['time', 'symbol', ...columns].join(', ')} FROM dw.feature_values WHERE feature_hash = '${featureHash}'`;
  const grown = view !== undefined && view.names.every((name, i) => name === names[i]);
  try {
    // one simple query: both statements or none
    await db.query(
      grown
        ? `CREATE OR REPLACE VIEW inference_features_5m AS ${select}`
        : `DROP VIEW IF EXISTS inference_features_5m; CREATE VIEW inference_features_5m AS ${select}`,
    );
  } catch (error) {
    if ((error as { code?: string }).code !== DEPENDENT_OBJECTS) throw error;
    throw new SignalboxError(
      'FEATURE_VIEW_IN_USE',
      `inference_features_5m cannot show the features of this file: ${(error as { detail?: string }).detail ?? 'other views rest on it'}`,
      'Drop the views that rest on it, or make them of dw.feature_values, then run: signalbox features migrate',
      { cause: error },
    );
  }
}
