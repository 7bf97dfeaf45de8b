import { isSignalboxError, SignalboxError, type Instrument } from '@signalbox/core';
import type { Pool } from 'pg';
import type { InstalledStrategy } from '../plugins/discover.js';
import { digestOf } from '../stores/artifacts/cache.js';
import { manifestName, modelName } from '../stores/artifacts/names.js';
import type { Artifacts } from '../stores/artifacts/open.js';
import {
  changeChampion,
  championHistory,
  championStack,
  listModelVersions,
  refuseModelVersion,
  storeModelVersion,
  type ChampionChange,
  type NewModelVersion,
} from '../stores/postgres/models.js';
import { listStrategies } from '../stores/postgres/strategies.js';
import { catalogue, storedVersions, type CatalogueEntry, type StoredVersion } from './catalogue.js';
import { EXTENSION, inspectModel } from './inspect.js';
import { verifyModel, type Surroundings, type Verified } from './verify.js';

/** Adds, checks and promotes models of one world. */
export interface RegistryOptions {
  readonly artifacts: Artifacts;
  readonly pool: Pool;
  readonly world: 'market' | 'simulated';
  readonly allowSimulatedModels: boolean;
  readonly features: Surroundings['features'];
  readonly instrument: Instrument;
  readonly installed: readonly InstalledStrategy[];
}

export class ModelRegistry {
  constructor(private readonly options: RegistryOptions) {}

  list(code?: string): Promise<CatalogueEntry[]> {
    const { artifacts, pool, installed } = this.options;
    return catalogue(artifacts, pool, installed, code);
  }

  /**
   * Checks a model with its manifest and stores both as the next version. A file that is stored already, without a manifest, gets it.
   * The digest and length of the file are written into the manifest where they are absent; golden vectors only the trainer can give.
   * @throws what {@link verifyModel} throws; MODEL_PICKLE, STRATEGY_UNKNOWN, ARTIFACT_STORE_DOWN
   */
  async add(code: string, bytes: Uint8Array, manifest: unknown): Promise<NewModelVersion> {
    const { store } = this.options.artifacts;
    // before anything else: what must not be loaded is not stored either
    const format = inspectModel(bytes);
    const stated = complete(manifest, bytes);
    const verified = await this.verify(code, bytes, stated);
    const text = new TextEncoder().encode(`${JSON.stringify(stated, null, 1)}\n`);
    const stored = storedVersions(await store.list()).filter((one) => one.code === code);
    const same = await this.holding(stored, bytes, verified.artifact.sha256);
    if (same) return this.keep(same, verified, text);
    for (let version = Math.max(0, ...stored.map((one) => one.version)) + 1; ; version++) {
      const file = modelName(code, version, EXTENSION[format]);
      try {
        await store.put(file, bytes);
      } catch (error) {
        // another one was faster
        if (isSignalboxError(error) && error.code === 'MODEL_EXISTS') continue;
        throw error;
      }
      return this.keep({ code, version, file }, verified, text);
    }
  }

  /** A file that is in the store, as `add` takes one. @throws MODEL_UNKNOWN */
  async stored(code: string, version: number): Promise<Uint8Array> {
    const { model } = await this.find(code, version);
    return this.options.artifacts.store.get(model!.name);
  }

  /** Checks a stored version again, from the store's own bytes; what it finds is written down. @throws MODEL_* and MODEL_UNVERIFIED */
  async check(code: string, version: number): Promise<NewModelVersion> {
    const { artifacts, pool } = this.options;
    const one = await this.find(code, version);
    const [row] = (await listModelVersions(pool, code)).filter((each) => each.version === version);
    try {
      const bytes = await artifacts.store.get(one.model!.name);
      inspectModel(bytes);
      if (!one.manifest) throw unverified(code, version, 'no manifest stands beside it');
      if (row && row.sha256 !== digestOf(bytes)) throw swapped(one.model!.name, row.sha256, digestOf(bytes));
      const text = await artifacts.store.get(one.manifest.name);
      if (row && row.manifestSha256 !== digestOf(text))
        throw swapped(one.manifest.name, row.manifestSha256, digestOf(text));
      const verified = await this.verify(code, bytes, parse(text, one.manifest.name));
      return await this.record({ code, version, file: one.model!.name }, verified, text);
    } catch (error) {
      if (row && isSignalboxError(error) && error.code.startsWith('MODEL_'))
        await refuseModelVersion(pool, code, version, error.message, error.remedy);
      throw error;
    }
  }

  /**
   * Makes a verified version the live one; 0 is the package's own model.
   * @throws MODEL_UNVERIFIED, MODEL_SIMULATED, MODEL_UNKNOWN, STRATEGY_UNKNOWN and what {@link check} throws
   */
  async promote(code: string, version: number, actor: string): Promise<ChampionChange> {
    await this.strategy(code);
    const sha256 = await this.servable(code, version);
    return this.change(code, version, sha256, actor);
  }

  /** Checks that a version can be live. @returns its digest, null for the package's own model */
  private async servable(code: string, version: number): Promise<string | null> {
    if (version === 0) {
      if (!this.installedAs(code) || Object.keys(this.installedAs(code)!.models).length === 0)
        throw new SignalboxError('MODEL_UNKNOWN', `${code} brings no model along`, `signalbox models list ${code}`);
      return null;
    }
    const model = await this.check(code, version);
    const { world, allowSimulatedModels } = this.options;
    if (model.trainedOn === 'simulated' && world === 'market' && !allowSimulatedModels) {
      throw new SignalboxError(
        'MODEL_SIMULATED',
        `v${version} of ${code} was trained on simulated data and does not go live in a market world`,
        'Train it on market data, or set "allowSimulatedModels": true in signalbox.config.json.',
      );
    }
    await this.keepHere(model);
    return model.sha256;
  }

  /**
   * Back to the version that was live before, checked as a promotion checks it: what cannot serve is not said to be live.
   * @throws MODEL_UNKNOWN when there is none, and what {@link promote} throws
   */
  async rollback(code: string, actor: string): Promise<ChampionChange> {
    await this.strategy(code);
    const version = championStack(await championHistory(this.options.pool, code)).at(-2);
    if (version === undefined)
      throw new SignalboxError(
        'MODEL_UNKNOWN',
        `no model was live for ${code} before this one`,
        `signalbox models list ${code} shows what can be promoted.`,
      );
    const sha256 = await this.servable(code, version);
    return changeChampion(this.options.pool, code, (stack) => {
      if (stack.at(-2) !== version)
        throw new SignalboxError(
          'MODEL_UNKNOWN',
          `another version of ${code} went live meanwhile`,
          `See what is live, signalbox models list ${code}, and roll back again.`,
        );
      return { action: 'rollback', version, sha256, actor };
    });
  }

  private change(code: string, version: number, sha256: string | null, actor: string): Promise<ChampionChange> {
    return changeChampion(this.options.pool, code, (stack) => {
      if (stack.at(-1) === version)
        throw new SignalboxError('MODEL_EXISTS', `v${version} of ${code} is live already`, 'Nothing is to be done.');
      return { action: 'promote', version, sha256, actor };
    });
  }

  private installedAs(code: string): InstalledStrategy | undefined {
    return this.options.installed.find((one) => one.definition.code === code);
  }

  private async strategy(code: string) {
    const rows = await listStrategies(this.options.pool);
    const row = rows.find((one) => one.code === code);
    if (row || this.installedAs(code)) return row;
    throw new SignalboxError(
      'STRATEGY_UNKNOWN',
      `there is no strategy ${code}`,
      `Known are ${rows.map((one) => one.code).join(', ') || 'none'}; a new one begins with its row in dw.dim_strategy.`,
    );
  }

  private async verify(code: string, bytes: Uint8Array, manifest: unknown): Promise<Verified> {
    const { features, instrument } = this.options;
    const row = await this.strategy(code);
    const installed = this.installedAs(code);
    return verifyModel(code, bytes, manifest, { features, instrument, installed, parameters: row?.parameters ?? {} });
  }

  /** A stored model with these very bytes. */
  private async holding(stored: readonly StoredVersion[], bytes: Uint8Array, sha256: string) {
    const { store } = this.options.artifacts;
    for (const { code, version, model } of stored)
      if (model?.bytes === bytes.length && digestOf(await store.get(model.name)) === sha256)
        return { code, version, file: model.name };
    return undefined;
  }

  private async keep(
    at: { readonly code: string; readonly version: number; readonly file: string },
    verified: Verified,
    manifest: Uint8Array,
  ): Promise<NewModelVersion> {
    await this.options.artifacts.store.put(manifestName(at.code, at.version), manifest);
    return this.record(at, verified, manifest);
  }

  private async record(
    at: { readonly code: string; readonly version: number; readonly file: string },
    { artifact, manifest, goldenRows, largestDifference }: Verified,
    text: Uint8Array,
  ): Promise<NewModelVersion> {
    const model: NewModelVersion = {
      ...at,
      format: artifact.format,
      bytes: artifact.bytes.length,
      sha256: artifact.sha256,
      manifestSha256: digestOf(text),
      framework: `${manifest.framework.name} ${manifest.framework.version}`,
      trainedOn: manifest.trained_on,
      goldenRows,
      largestDifference,
      state: 'verified',
      reason: null,
      remedy: null,
    };
    await storeModelVersion(this.options.pool, model);
    return model;
  }

  /** On this machine, so that it serves without the network from now on. */
  private async keepHere({ code, version, file, sha256, manifestSha256 }: NewModelVersion): Promise<void> {
    const { store, cache } = this.options.artifacts;
    if (!cache) return;
    await cache.write(sha256, await store.get(file));
    await cache.write(manifestSha256, await store.get(manifestName(code, version)));
  }

  private async find(code: string, version: number): Promise<StoredVersion> {
    const { store } = this.options.artifacts;
    const one = storedVersions(await store.list()).find((each) => each.code === code && each.version === version);
    if (one?.model) return one;
    throw new SignalboxError(
      'MODEL_UNKNOWN',
      `there is no v${version} of ${code} in ${store.place}`,
      `signalbox models list ${code} shows what there is.`,
    );
  }
}

/** What the file itself says is filled in; what only the trainer knows is not. */
function complete(manifest: unknown, bytes: Uint8Array): unknown {
  if (manifest === undefined) {
    throw new SignalboxError(
      'MODEL_MANIFEST_INVALID',
      'the model has no manifest',
      'Name it with --manifest, or let the trainer write one: python training/convert.py MODEL OUT --export FEATURES.csv.gz --trained-on market|simulated',
    );
  }
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest)) return manifest;
  return { sha256: digestOf(bytes), bytes: bytes.length, ...manifest };
}

function parse(text: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text)) as unknown;
  } catch (cause) {
    throw new SignalboxError('MODEL_MANIFEST_INVALID', `${name} is no JSON`, 'Write the manifest again.', { cause });
  }
}

function unverified(code: string, version: number, why: string): SignalboxError {
  return new SignalboxError(
    'MODEL_UNVERIFIED',
    `v${version} of ${code} is unverified: ${why}`,
    `signalbox models add ${code} v${version} --manifest FILE; training/convert.py writes one.`,
  );
}

function swapped(name: string, was: string, is: string): SignalboxError {
  return new SignalboxError(
    'MODEL_HASH_MISMATCH',
    `${name} is not the file that was verified: sha256 ${is}, it was ${was}`,
    'A stored version never changes: put the old file back, or add the new one as a version of its own.',
  );
}
