import { SignalboxError } from '../errors.js';

/** What a model's numbers are. `probabilities` and `logits` come in the order of `classes`. */
export interface ModelOutput {
  readonly kind: 'probabilities' | 'logits' | 'action' | 'regression';
  readonly classes?: readonly string[];
}

export interface PinnedFeature {
  readonly name: string;
  /** Hash of the definition that the model was trained with. */
  readonly hash: string;
  /** That definition, so that a mismatch can name the field. */
  readonly definition?: unknown;
  /** Mean and standard deviation of the training rows, for people: what is usual. */
  readonly mean?: number;
  readonly sd?: number;
}

/** Rows with the trainer's own predictions, computed by the library that trained the model. Null stands for a missing value. */
export interface GoldenVectors {
  readonly rows: readonly (readonly (number | null)[])[];
  readonly outputs: readonly (readonly number[])[];
}

/** The trainer's statement that stands beside a model, as JSON with these names. Fields of no use here are kept as they are. */
export interface ModelManifest {
  /** Hex digest of the model file, and its length. */
  readonly sha256: string;
  readonly bytes: number;
  readonly framework: { readonly name: string; readonly version: string };
  /** In the order of the model's input. */
  readonly features: readonly PinnedFeature[];
  readonly label: string;
  readonly horizon_bars: number;
  readonly split: unknown;
  readonly purge_bars: number;
  readonly training_window: { readonly from: string; readonly to: string };
  readonly trained_on: 'market' | 'simulated';
  readonly share_close_only: number;
  readonly metrics: unknown;
  readonly action_semantics: string;
  readonly output: ModelOutput;
  /** Which boosting rounds are used: up to the best one (default), or all. */
  readonly rounds?: 'best' | 'all';
  readonly golden: GoldenVectors;
}

const MAX_GOLDEN_ROWS = 10_000;
type Json = Readonly<Record<string, unknown>>;

/**
 * Checks the shape of a manifest.
 * @throws SignalboxError MODEL_MANIFEST_INVALID naming the field
 */
export function readManifest(value: unknown): ModelManifest {
  if (value === undefined) fail('The model has no manifest');
  const manifest = object(value, 'the manifest');
  if (!/^[0-9a-f]{64}$/.test(text(manifest, 'sha256'))) fail('sha256 is not 64 hexadecimal digits');
  whole(manifest, 'bytes');
  const framework = object(manifest.framework, 'framework');
  text(framework, 'name');
  text(framework, 'version');
  const features = list(manifest.features, 'features').map((entry, i) => {
    const feature = object(entry, `features[${i}]`);
    text(feature, 'hash', `features[${i}].`);
    return text(feature, 'name', `features[${i}].`);
  });
  if (features.length === 0) fail('features is empty');
  text(manifest, 'label');
  whole(manifest, 'horizon_bars');
  whole(manifest, 'purge_bars');
  object(manifest.split, 'split');
  const window = object(manifest.training_window, 'training_window');
  text(window, 'from', 'training_window.');
  text(window, 'to', 'training_window.');
  oneOf(manifest.trained_on, 'trained_on', ['market', 'simulated']);
  if (!(number(manifest.share_close_only, 'share_close_only') >= 0)) fail('share_close_only is below 0');
  object(manifest.metrics, 'metrics');
  text(manifest, 'action_semantics');
  const output = object(manifest.output, 'output');
  oneOf(output.kind, 'output.kind', ['probabilities', 'logits', 'action', 'regression']);
  if (output.classes !== undefined) list(output.classes, 'output.classes');
  if (manifest.rounds !== undefined) oneOf(manifest.rounds, 'rounds', ['best', 'all']);
  checkGoldenShape(manifest.golden, features.length);
  return value as ModelManifest;
}

function checkGoldenShape(value: unknown, width: number): void {
  const golden = object(value, 'golden');
  const rows = list(golden.rows, 'golden.rows');
  const outputs = list(golden.outputs, 'golden.outputs');
  if (rows.length === 0) fail('golden.rows is empty: a model without golden vectors cannot be checked');
  if (rows.length > MAX_GOLDEN_ROWS) fail(`golden.rows has more than ${MAX_GOLDEN_ROWS} rows`);
  if (outputs.length !== rows.length) fail(`golden.outputs has ${outputs.length} rows, golden.rows ${rows.length}`);
  rows.forEach((entry, i) => {
    const row = list(entry, `golden.rows[${i}]`);
    if (row.length !== width) fail(`golden.rows[${i}] has ${row.length} values for ${width} features`);
    row.forEach((x, j) => x === null || number(x, `golden.rows[${i}][${j}]`));
    const said = list(outputs[i], `golden.outputs[${i}]`);
    if (said.length === 0) fail(`golden.outputs[${i}] is empty`);
    said.forEach((x, j) => number(x, `golden.outputs[${i}][${j}]`));
  });
}

function fail(what: string): never {
  throw new SignalboxError(
    'MODEL_MANIFEST_INVALID',
    `${what}.`,
    'Write the manifest again with the training script; it stands beside the model as NAME.manifest.json.',
  );
}

function object(value: unknown, where: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(`${where} is not an object`);
  return value as Json;
}

function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) fail(`${where} is not a list`);
  return value;
}

function text(parent: Json, key: string, prefix = ''): string {
  const value = parent[key];
  if (typeof value !== 'string' || value === '') fail(`${prefix}${key} is not a text`);
  return value;
}

function number(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) fail(`${where} is not a number`);
  return value;
}

function whole(parent: Json, key: string): void {
  const value = parent[key];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) fail(`${key} is not a whole number`);
}

function oneOf(value: unknown, where: string, allowed: readonly string[]): void {
  if (typeof value !== 'string' || !allowed.includes(value)) fail(`${where} is none of ${allowed.join(', ')}`);
}
