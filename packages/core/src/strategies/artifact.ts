import { SignalboxError } from '../errors.js';
import { firstDifference } from '../features/hash.js';
import { sha256 } from '../features/sha256.js';
import type { Artifact } from './contract.js';
import { readManifest, type ModelManifest } from './manifest.js';

/** A model as every evaluator offers it: one row in, its numbers out. */
export interface LoadedModel {
  /** Feature names that the model file itself holds; null when it holds none. */
  readonly features: readonly string[] | null;
  readonly outputs: number;
  /** Of a model of trees. */
  readonly trees?: number;
  predict(row: Float64Array, out?: Float64Array): ArrayLike<number>;
}

/** What the running system feeds a model with. */
export interface FeatureSupply {
  /** The strategy's features, in the order of its vector. */
  readonly features: readonly string[];
  readonly featureHashes: Readonly<Record<string, string>>;
  /** With the current definitions a mismatch names the field that differs; without, the feature only. */
  readonly featureDefinitions?: Readonly<Record<string, object>> | undefined;
}

export interface VerifiedModel<M> {
  readonly model: M;
  readonly manifest: ModelManifest;
}

/** Parity with the trainer's library, times max(1, |x|), by what is evaluated: the manifest's word for its framework is no measure. */
const TOLERANCE: Partial<Readonly<Record<Artifact['format'], number>>> = {
  'xgboost-json': 1e-6,
  'xgboost-ubj': 1e-6,
  'lightgbm-text': 1e-9,
};
/** Float32, whoever trained them. */
const ONNX_TREES_TOLERANCE = 1e-6;
const NETWORK_TOLERANCE = 1e-5;

/**
 * Loads a model only when it is the one that its manifest describes, is fed with the features that it was trained on, and gives the
 * trainer's own predictions.
 *
 * @param load makes the evaluator from the bytes; its own errors (MODEL_MALFORMED, MODEL_UNSUPPORTED) pass through
 * @throws SignalboxError MODEL_MANIFEST_INVALID, MODEL_MALFORMED (cut off), MODEL_HASH_MISMATCH, MODEL_FEATURE_MISMATCH naming feature
 *   and field, MODEL_GOLDEN_MISMATCH naming row and output
 */
export function verifyArtifact<M extends LoadedModel>(
  artifact: Artifact,
  supply: FeatureSupply,
  load: (bytes: Uint8Array, manifest: ModelManifest) => M,
): VerifiedModel<M> {
  const manifest = readManifest(artifact.manifest);
  checkBytes(artifact.bytes, manifest);
  checkFeatures(manifest, supply);
  const model = load(artifact.bytes, manifest);
  if (model.features)
    checkOrder(
      model.features,
      manifest.features.map((feature) => feature.name),
      'the manifest',
      'the model file',
    );
  checkGolden(manifest, model, artifact.format);
  return { model, manifest };
}

function checkBytes(bytes: Uint8Array, manifest: ModelManifest): void {
  if (bytes.length < manifest.bytes)
    throw new SignalboxError(
      'MODEL_MALFORMED',
      `The model file is cut off: ${bytes.length} of ${manifest.bytes} bytes.`,
      'Copy the model file again, whole.',
    );
  const digest = sha256(bytes);
  if (digest !== manifest.sha256)
    throw new SignalboxError(
      'MODEL_HASH_MISMATCH',
      `The model file is not the one of its manifest: sha256 ${digest}, the manifest says ${manifest.sha256}.`,
      'Put model and manifest of one training run beside each other; a model is not edited.',
    );
}

function checkFeatures(manifest: ModelManifest, supply: FeatureSupply): void {
  const pinned = manifest.features;
  checkOrder(
    pinned.map((feature) => feature.name),
    supply.features,
    'the strategy',
    'the model',
  );
  for (const { name, hash, definition } of pinned) {
    const current = supply.featureHashes[name];
    if (current === hash) continue;
    if (current === undefined) mismatch(`The model needs feature ${name}, which the feature file does not define.`);
    const field = firstDifference(definition, supply.featureDefinitions?.[name]);
    const known = definition !== undefined && supply.featureDefinitions?.[name] !== undefined;
    mismatch(
      `Feature ${name} is defined differently than when the model was trained: ` +
        (known && field
          ? `${field.path} was ${JSON.stringify(field.pinned)} and is ${JSON.stringify(field.current)}.`
          : `hash ${hash} then, ${current} now.`),
    );
  }
}

function checkOrder(found: readonly string[], wanted: readonly string[], wantedBy: string, foundIn: string): void {
  const at = Array.from({ length: Math.max(found.length, wanted.length) }, (_, i) => i).find(
    (i) => found[i] !== wanted[i],
  );
  if (at === undefined) return;
  mismatch(
    `Feature ${at + 1}: ${foundIn} has ${found[at] ?? 'none'} where ${wantedBy} has ${wanted[at] ?? 'none'}. Names and order must agree.`,
  );
}

function mismatch(message: string): never {
  throw new SignalboxError(
    'MODEL_FEATURE_MISMATCH',
    message,
    'Export the features again and train on them, or go back to the feature file that the model was trained with.',
  );
}

function checkGolden({ golden }: ModelManifest, model: LoadedModel, format: Artifact['format']): void {
  const tolerance =
    format === 'onnx' && model.trees !== undefined ? ONNX_TREES_TOLERANCE : (TOLERANCE[format] ?? NETWORK_TOLERANCE);
  golden.rows.forEach((values, i) => {
    const wanted = golden.outputs[i]!;
    const found = model.predict(Float64Array.from(values, (x) => x ?? NaN));
    if (model.outputs !== wanted.length)
      differs(`golden row ${i}: the model gives ${model.outputs} outputs, the trainer gave ${wanted.length}`);
    wanted.forEach((x, k) => {
      const y = found[k]!;
      // negated, so that a NaN never passes
      if (!(Math.abs(y - x) <= tolerance * Math.max(1, Math.abs(x))))
        differs(`golden row ${i}, output ${k}: the model gives ${y}, the trainer gave ${x} (tolerance ${tolerance})`);
    });
  });
}

function differs(what: string): never {
  throw new SignalboxError(
    'MODEL_GOLDEN_MISMATCH',
    `The model does not reproduce the trainer's predictions: ${what}.`,
    'The model file and its manifest come from different runs, or this evaluator reads the file wrongly: do not use the model.',
  );
}
