import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignalboxError, type Artifact, type ArtifactFormat } from '@signalbox/core';
import type { InstalledStrategy } from './discover.js';

/** Which version of a model serves, for people and for provenance. */
export interface Champion {
  /** Of the store; `0` is the model that the package brings along. */
  readonly version: string;
  readonly sha256: string;
  readonly trainedOn: 'market' | 'simulated' | null;
}

/** A stored model that may serve; its files are read when it is asked for. */
export interface ModelCandidate {
  readonly version: string;
  load(): Promise<Models>;
}

export interface Models {
  readonly artifacts: Readonly<Record<string, Artifact>>;
  readonly champion: Champion | null;
}

/** Reads the model files that a package brings along, each with the manifest beside it. Bytes only; the plugin checks them. */
export function readModels(
  strategy: InstalledStrategy,
  world: 'market' | 'simulated',
  allowSimulated: boolean,
): Models {
  const artifacts: Record<string, Artifact> = {};
  let champion: Champion | null = null;
  for (const [name, path] of Object.entries(strategy.models)) {
    const file = join(strategy.folder, path);
    const manifestFile = file.replace(/\.[^.]+$/, '.manifest.json');
    const bytes = read(file, strategy.package);
    const manifest = parseManifest(read(manifestFile, strategy.package), manifestFile);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const formats = strategy.definition.artifacts?.[name] ?? [];
    const trainedOn =
      manifest['trained_on'] === 'market' || manifest['trained_on'] === 'simulated' ? manifest['trained_on'] : null;
    refuseSimulated(trainedOn, `The model ${path} of ${strategy.package}`, world, allowSimulated);
    artifacts[name] = { format: formatOf(file, formats), sha256, bytes, manifest };
    champion ??= { version: '0', sha256, trainedOn };
  }
  return { artifacts, champion };
}

/** @throws MODEL_SIMULATED */
export function refuseSimulated(
  trainedOn: Champion['trainedOn'],
  what: string,
  world: 'market' | 'simulated',
  allowed: boolean,
): void {
  if (trainedOn !== 'simulated' || world !== 'market' || allowed) return;
  throw new SignalboxError(
    'MODEL_SIMULATED',
    `${what} was trained on simulated data and is not used in a market world.`,
    'Train it on market data, or set "allowSimulatedModels": true in signalbox.config.json.',
  );
}

function read(file: string, name: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new SignalboxError(
      'MODEL_MALFORMED',
      `Cannot read ${file} of ${name}.`,
      `Reinstall it: npm install ${name}`,
      { cause },
    );
  }
}

function parseManifest(bytes: Uint8Array, file: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // falls through to the coded error
  }
  throw new SignalboxError(
    'MODEL_MANIFEST_INVALID',
    `${file} is not a JSON object.`,
    'Write the manifest again with the training script.',
  );
}

function formatOf(file: string, formats: readonly ArtifactFormat[]): ArtifactFormat {
  const byEnding: Record<string, ArtifactFormat> = {
    json: 'xgboost-json',
    ubj: 'xgboost-ubj',
    txt: 'lightgbm-text',
    onnx: 'onnx',
  };
  const format = byEnding[file.slice(file.lastIndexOf('.') + 1)];
  if (format && formats.includes(format)) return format;
  throw new SignalboxError(
    'MODEL_UNSUPPORTED',
    `${file} is none of the formats that the strategy takes: ${formats.join(', ')}.`,
    'Convert the model, or use another strategy package.',
  );
}
