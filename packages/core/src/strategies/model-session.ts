import { verifyArtifact, type LoadedModel } from './artifact.js';
import type { Artifact, Context, Session } from './contract.js';
import type { ModelManifest } from './manifest.js';
import { modelOpinion } from './model-opinion.js';
import { describeUnusual } from './unusual.js';

export interface ModelSessionOptions {
  /** The strategy's code, for messages. */
  readonly code: string;
  /** The strategy's features, in the order of its vector. */
  readonly features: readonly string[];
  /** Makes the evaluator from the file; its own errors pass through. */
  readonly load: (bytes: Uint8Array, manifest: ModelManifest) => LoadedModel;
  /** Of a regression; 2 by default. */
  readonly deadZoneBps?: number | undefined;
}

/**
 * A session that asks one verified model about each bar: the model is used only if it is the file of its manifest, was trained on these
 * features as they are defined now, and reproduces the trainer's predictions.
 *
 * @throws what {@link verifyArtifact} throws; SignalboxError MODEL_UNSUPPORTED for an output that makes no opinion
 */
export function openModelSession(
  context: Pick<Context<unknown, 'model', unknown>, 'featureHashes' | 'featureDefinitions' | 'log'> & {
    readonly artifacts: { readonly model: Artifact };
  },
  { code, features, load, deadZoneBps }: ModelSessionOptions,
): Session<string, never, never> {
  const { artifacts, featureHashes, featureDefinitions, log } = context;
  const { model, manifest } = verifyArtifact(artifacts.model, { features, featureHashes, featureDefinitions }, load);
  const opinion = modelOpinion(code, manifest.output, model.outputs, deadZoneBps);
  log(`model ${manifest.sha256.slice(0, 12)} loaded`, {
    ...(model.trees !== undefined && { trees: model.trees }),
    trained_on: manifest.trained_on,
    golden_rows: manifest.golden.rows.length,
  });
  const unusual = describeUnusual(manifest.features);
  const numbers = new Float64Array(model.outputs);
  return {
    onBar: ({ vector }) => opinion(model.predict(vector, numbers), unusual(vector)),
  };
}
