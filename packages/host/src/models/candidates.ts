import { isSignalboxError, readManifest, SignalboxError, type Artifact } from '@signalbox/core';
import type { Pool } from 'pg';
import type { InstalledStrategy } from '../plugins/discover.js';
import { refuseSimulated, type ModelCandidate } from '../plugins/models.js';
import { fetchVerified } from '../stores/artifacts/cache.js';
import { manifestName } from '../stores/artifacts/names.js';
import type { Artifacts } from '../stores/artifacts/open.js';
import { championHistory, championStack, listModelVersions, type ModelVersion } from '../stores/postgres/models.js';

export interface Champions {
  /** The stored models of a strategy that may serve, the champion first, then those that were live before it. */
  of(installed: InstalledStrategy): readonly ModelCandidate[];
  /** True when a model could not be had because the store did not answer: it may another time. */
  storeFailed(): boolean;
}

/** Reads the champions once; their files are read when one is asked for. */
export async function openChampions(
  { store, cache }: Artifacts,
  pool: Pool,
  world: 'market' | 'simulated',
  allowSimulated: boolean,
): Promise<Champions> {
  const [history, versions] = await Promise.all([championHistory(pool), listModelVersions(pool)]);
  let failed = false;
  const of: Champions['of'] = ({ definition }) => {
    const { code } = definition;
    const stack = championStack(history.filter((one) => one.code === code)).reverse();
    const own = stack.indexOf(0);
    // below the package's own model lies nothing that was wanted since
    return [...new Set(stack.slice(0, own))].map((version): ModelCandidate => {
      const row = versions.find((one) => one.code === code && one.version === version);
      return {
        version: String(version),
        async load() {
          if (!row) throw gone(code, version);
          refuseSimulated(row.trainedOn, `v${version} of ${code}`, world, allowSimulated);
          return {
            artifacts: {
              [Object.keys(definition.artifacts ?? {})[0] ?? 'model']: await read(row).catch((error: unknown) => {
                failed ||= isSignalboxError(error) && error.code === 'ARTIFACT_STORE_DOWN';
                throw error;
              }),
            },
            champion: { version: String(version), sha256: row.sha256, trainedOn: row.trainedOn },
          };
        },
      };
    });
  };
  return { of, storeFailed: () => failed };

  async function read(row: ModelVersion): Promise<Artifact> {
    const bytes = await fetchVerified(store, cache, row.file, row.sha256);
    const text = await fetchVerified(store, cache, manifestName(row.code, row.version), row.manifestSha256);
    return {
      format: row.format,
      sha256: row.sha256,
      bytes,
      manifest: readManifest(JSON.parse(new TextDecoder().decode(text))),
    };
  }
}

/** The live version of each strategy as one text: another one asks for another set. */
export async function championText(pool: Pool): Promise<string> {
  return JSON.stringify((await championHistory(pool)).map(({ code, version, sha256 }) => [code, version, sha256]));
}

function gone(code: string, version: number): SignalboxError {
  return new SignalboxError(
    'MODEL_UNKNOWN',
    `v${version} of ${code} was never verified in this world`,
    `signalbox models list ${code}`,
  );
}
