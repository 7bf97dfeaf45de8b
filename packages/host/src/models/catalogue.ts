import { isSignalboxError, SignalboxError } from '@signalbox/core';
import type { Pool } from 'pg';
import type { InstalledStrategy } from '../plugins/discover.js';
import type { Artifacts } from '../stores/artifacts/open.js';
import { parseName } from '../stores/artifacts/names.js';
import type { StoredObject } from '../stores/artifacts/port.js';
import { championHistory, championStack, listModelVersions, type ModelVersion } from '../stores/postgres/models.js';
import { HEAD_BYTES, inspectModel } from './inspect.js';

/** One model of one strategy, for people. Version 0 is the one that its package brings along. */
export interface CatalogueEntry {
  readonly strategy_code: string;
  readonly version: number;
  readonly file: string;
  readonly format: string | null;
  readonly bytes: number | null;
  readonly sha256: string | null;
  readonly trained_on: 'market' | 'simulated' | null;
  /** `bundled`, `verified`, `unverified` (never loaded), `refused` (a check failed), `missing` (its file is gone). */
  readonly state: 'bundled' | 'verified' | 'unverified' | 'refused' | 'missing';
  readonly champion: boolean;
  readonly golden_rows: number | null;
  readonly largest_difference: number | null;
  /** Why it is not loaded, and what to do about it. */
  readonly reason: string | null;
  readonly remedy: string | null;
  readonly checked_at: string | null;
}

/** The files of one version in the store. */
export interface StoredVersion {
  readonly code: string;
  readonly version: number;
  readonly model: StoredObject | undefined;
  readonly manifest: StoredObject | undefined;
}

/** Groups what is stored by strategy and version; names that are not ours are passed over. */
export function storedVersions(objects: readonly StoredObject[]): StoredVersion[] {
  const found = new Map<string, { code: string; version: number; model?: StoredObject; manifest?: StoredObject }>();
  for (const object of objects) {
    const name = parseName(object.name);
    if (!name) continue;
    const key = `${name.code}/${name.version}`;
    const entry = found.get(key) ?? { code: name.code, version: name.version };
    entry[name.kind] = object;
    found.set(key, entry);
  }
  return [...found.values()]
    .map(({ code, version, model, manifest }) => ({ code, version, model, manifest }))
    .sort((a, b) => (a.code < b.code ? -1 : a.code > b.code ? 1 : a.version - b.version));
}

/** Every model there is: brought along by a package, stored, or known and gone. */
export async function catalogue(
  { store }: Artifacts,
  pool: Pool,
  installed: readonly InstalledStrategy[],
  code?: string,
): Promise<CatalogueEntry[]> {
  const [objects, versions, history] = await Promise.all([
    store.list(),
    listModelVersions(pool, code),
    championHistory(pool, code),
  ]);
  const live = (strategy: string): number => championStack(history.filter((one) => one.code === strategy)).at(-1)!;
  const known = new Map(versions.map((one) => [`${one.code}/${one.version}`, one]));
  const stored = storedVersions(objects).filter((one) => code === undefined || one.code === code);
  const entries: CatalogueEntry[] = [];

  for (const { definition, package: name, models } of installed) {
    if (code !== undefined && definition.code !== code) continue;
    for (const path of Object.values(models).slice(0, 1))
      entries.push({
        ...NOTHING,
        strategy_code: definition.code,
        version: 0,
        file: `${name}${path.slice(1)}`,
        state: 'bundled',
        champion: live(definition.code) === 0,
      });
  }
  for (const one of stored) {
    const row = known.get(`${one.code}/${one.version}`);
    known.delete(`${one.code}/${one.version}`);
    const champion = live(one.code) === one.version;
    if (row && one.model && one.manifest) entries.push(entryOf(row, champion));
    else entries.push({ ...(await unverified(store, one)), champion });
  }
  for (const row of known.values())
    entries.push({
      ...entryOf(row, live(row.code) === row.version),
      state: 'missing',
      reason: `${row.file} is no longer in ${store.place}`,
      remedy: 'Put the file back, or roll back: signalbox models rollback.',
    });
  return entries.sort((a, b) =>
    a.strategy_code === b.strategy_code ? a.version - b.version : a.strategy_code < b.strategy_code ? -1 : 1,
  );
}

const NOTHING = {
  format: null,
  bytes: null,
  sha256: null,
  trained_on: null,
  golden_rows: null,
  largest_difference: null,
  reason: null,
  remedy: null,
  checked_at: null,
} as const;

function entryOf(row: ModelVersion, champion: boolean): CatalogueEntry {
  return {
    strategy_code: row.code,
    version: row.version,
    file: row.file,
    format: row.format,
    bytes: row.bytes,
    sha256: row.sha256,
    trained_on: row.trainedOn,
    state: row.state,
    champion,
    golden_rows: row.goldenRows,
    largest_difference: row.largestDifference,
    reason: row.reason,
    remedy: row.remedy,
    checked_at: new Date(row.checkedAt).toISOString(),
  };
}

/** What nobody has checked: what it is by its first bytes, and what it lacks. */
async function unverified(store: Artifacts['store'], one: StoredVersion): Promise<CatalogueEntry> {
  const { code, version, model, manifest } = one;
  const entry = {
    ...NOTHING,
    strategy_code: code,
    version,
    file: (model ?? manifest)!.name,
    bytes: model?.bytes ?? null,
    state: 'unverified',
    champion: false,
  } as const;
  if (!model)
    return { ...entry, reason: 'a manifest without a model', remedy: `Store the model beside ${manifest!.name}.` };
  try {
    const format = inspectModel(await store.get(model.name, HEAD_BYTES), { whole: false });
    return manifest
      ? { ...entry, format, reason: 'not checked yet', remedy: `signalbox models verify ${code} v${version}` }
      : {
          ...entry,
          format,
          reason: 'no manifest stands beside it',
          remedy: `signalbox models add ${code} v${version} --manifest FILE; training/convert.py writes one.`,
        };
  } catch (error) {
    if (!isSignalboxError(error)) throw error;
    return { ...entry, reason: error.message, remedy: error.remedy };
  }
}

/** `3` or `v3`. @throws PARAMETER_INVALID */
export function parseVersion(text: string): number {
  const match = /^v?(\d{1,7})$/.exec(text);
  if (match) return Number(match[1]);
  throw new SignalboxError(
    'PARAMETER_INVALID',
    `"${text}" is no version`,
    'Write a version as v3; signalbox models list.',
  );
}
