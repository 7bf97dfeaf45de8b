import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstDifference, isSignalboxError, type PinnedFeature } from '@signalbox/core';
import type { Pool } from 'pg';
import type { Plan } from '../inference/plan.js';
import type { InstalledStrategy } from '../plugins/discover.js';
import { manifestName } from '../stores/artifacts/names.js';
import type { ArtifactStore } from '../stores/artifacts/port.js';
import { championHistory, championStack } from '../stores/postgres/models.js';

/** How a model stands to the feature file of today. */
export interface ModelStanding {
  readonly strategy: string;
  readonly model: string;
  /** 0: the one that the package brings along. */
  readonly version: number;
  /** Null: nobody can tell, `reason` says why. */
  readonly ok: boolean | null;
  readonly reason: string | null;
  /** Features that it pins and that are not what they were, with the field that differs. */
  readonly broken: readonly {
    readonly feature: string;
    readonly field: string;
    readonly was: unknown;
    readonly is: unknown;
  }[];
}

/** Models that packages bring along: were they trained on features that are defined so now? */
export function bundledStandings(installed: readonly InstalledStrategy[], plan: Plan): ModelStanding[] {
  return installed.flatMap(({ definition, models, folder }) =>
    Object.values(models).map((path) => {
      const file = join(folder, path).replace(/\.[^.]+$/, '.manifest.json');
      const of = { strategy: definition.code, model: path, version: 0 };
      try {
        return standing(of, readFileSync(file), plan);
      } catch (error) {
        return unknown(of, `${file} cannot be read (${(error as { code?: string }).code ?? (error as Error).message})`);
      }
    }),
  );
}

/** The same of the stored versions that are live. @throws STORE_DOWN */
export async function promotedStandings(store: ArtifactStore, pool: Pool, plan: Plan): Promise<ModelStanding[]> {
  const history = await championHistory(pool);
  const standings: ModelStanding[] = [];
  for (const strategy of [...new Set(history.map(({ code }) => code))].sort()) {
    const version = championStack(history.filter(({ code }) => code === strategy)).at(-1)!;
    if (version === 0) continue;
    const of = { strategy, model: `v${version}`, version };
    try {
      standings.push(standing(of, await store.get(manifestName(strategy, version)), plan));
    } catch (error) {
      if (!isSignalboxError(error)) throw error;
      standings.push(unknown(of, error.message));
    }
  }
  return standings;
}

type Named = Pick<ModelStanding, 'strategy' | 'model' | 'version'>;

const unknown = (of: Named, reason: string): ModelStanding => ({ ...of, ok: null, reason, broken: [] });

function standing(of: Named, manifest: Uint8Array, { features }: Plan): ModelStanding {
  const pins = pinnedOf(manifest);
  if (typeof pins === 'string') return unknown(of, pins);
  const broken = pins.flatMap(({ name, hash, definition: pinned }) => {
    if (features.hashes[name] === hash) return [];
    const current = features.definitions[name];
    if (!current) return [{ feature: name, field: 'name', was: name, is: null }];
    const differs = pinned === undefined ? undefined : firstDifference(pinned, current);
    return [
      {
        feature: name,
        field: differs?.path ?? 'hash',
        was: differs ? (differs.pinned ?? null) : hash,
        is: differs ? (differs.current ?? null) : features.hashes[name]!,
      },
    ];
  });
  return { ...of, ok: broken.length === 0, reason: null, broken };
}

/** The features that a manifest pins; a text says why it does not say. */
function pinnedOf(bytes: Uint8Array): readonly PinnedFeature[] | string {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return 'its manifest is no JSON';
  }
  const list = (value as { features?: unknown } | null)?.features;
  if (!Array.isArray(list) || list.length === 0) return 'its manifest names no features';
  const wrong = list.findIndex((one: unknown) => {
    const pin = one as Partial<PinnedFeature> | null;
    return typeof pin?.name !== 'string' || typeof pin.hash !== 'string';
  });
  if (wrong >= 0) return `features[${wrong}] of its manifest has no name and hash`;
  return list as PinnedFeature[];
}
