import {
  openSession,
  readManifest,
  SignalboxError,
  verifyArtifact,
  type Artifact,
  type Instrument,
  type ModelManifest,
} from '@signalbox/core';
import { strategyConfig } from '../plugins/config.js';
import type { InstalledStrategy } from '../plugins/discover.js';
import { digestOf } from '../stores/artifacts/cache.js';
import { evaluatorOf, largestDifference, noEvaluator } from './evaluate.js';
import { inspectModel } from './inspect.js';

/** What a model is checked against. */
export interface Surroundings {
  readonly features: {
    readonly names: readonly string[];
    readonly hashes: Readonly<Record<string, string>>;
    readonly definitions?: Readonly<Record<string, object>>;
  };
  readonly instrument: Instrument;
  /** The strategy's package; absent where its signals come from outside. */
  readonly installed: InstalledStrategy | undefined;
  readonly parameters: unknown;
}

/** A model that is what its manifest says, fits the features of today and gives its trainer's predictions. */
export interface Verified {
  readonly artifact: Artifact;
  readonly manifest: ModelManifest;
  readonly goldenRows: number;
  /** To the trainer's predictions, measured here; null where only the strategy's own runtime evaluates the model, and checks them. */
  readonly largestDifference: number | null;
}

/**
 * Checks a model file against its manifest, the feature file and its golden vectors, with our own evaluator, and then lets the strategy
 * open it as it would live.
 * @throws SignalboxError MODEL_* naming what differs, STRATEGY_UNAVAILABLE when the strategy cannot use it
 */
export async function verifyModel(
  code: string,
  bytes: Uint8Array,
  manifest: unknown,
  { features, instrument, installed, parameters }: Surroundings,
): Promise<Verified> {
  const format = inspectModel(bytes);
  const stated = readManifest(manifest);
  const artifact: Artifact = { format, sha256: digestOf(bytes), bytes, manifest: stated };
  const evaluator = evaluatorOf(format, bytes);
  if (!evaluator && !installed) throw noEvaluator(code);
  let difference: number | null = null;
  if (evaluator) {
    const supply = {
      features: installed?.definition.features ?? stated.features.map(({ name }) => name),
      featureHashes: features.hashes,
      featureDefinitions: features.definitions,
    };
    const { model } = verifyArtifact(artifact, supply, evaluator);
    difference = largestDifference(model, stated);
  }
  if (installed) await tryOut(artifact, { features, instrument, installed, parameters });
  return { artifact, manifest: stated, goldenRows: stated.golden.rows.length, largestDifference: difference };
}

/** The strategy itself opens the model, as it would live, and is closed again. */
async function tryOut(
  artifact: Artifact,
  { features, instrument, installed, parameters }: Surroundings & { readonly installed: InstalledStrategy },
): Promise<void> {
  const { definition } = installed;
  const [name] = Object.keys(definition.artifacts ?? {});
  const formats = name === undefined ? [] : definition.artifacts![name]!;
  if (name === undefined || !formats.includes(artifact.format)) {
    throw new SignalboxError(
      'MODEL_UNSUPPORTED',
      `${definition.code} takes ${formats.join(', ') || 'no model'}, and this is ${artifact.format}`,
      'Convert the model (training/convert.py), or add it to another strategy.',
    );
  }
  const session = await openSession(definition, {
    config: strategyConfig(definition, parameters),
    artifacts: { [name]: artifact },
    featureHashes: features.hashes,
    ...(features.definitions && { featureDefinitions: features.definitions }),
    instrument,
    log: () => {},
  });
  await session.close?.();
}
