import { defineStrategy, type Artifact, type ArtifactFormat } from './contract.js';
import type { LoadedModel } from './artifact.js';
import type { ModelManifest } from './manifest.js';
import { DEAD_ZONE_BPS } from './model-opinion.js';
import { openModelSession } from './model-session.js';

export interface ModelStrategyOptions<F extends string> {
  readonly code: string;
  readonly name: string;
  /** What the model is fed with, in the order of its input. */
  readonly features: readonly F[];
  /** Formats of its file that `load` reads. */
  readonly formats: readonly ArtifactFormat[];
  /** Makes the evaluator from the file; its own errors pass through. */
  readonly load: (bytes: Uint8Array, manifest: ModelManifest, format: Artifact['format']) => LoadedModel;
}

/**
 * A strategy that is one model: a classifier of short, flat and long or of short and long, or a regression of the return. The model is
 * used only if it is the file of its manifest, was trained on these features as they are defined now, and reproduces the trainer's
 * predictions.
 */
export function defineModelStrategy<const F extends string>(options: ModelStrategyOptions<F>) {
  const { code, name, features, formats, load } = options;
  return defineStrategy({
    code,
    name,
    type: 'ML',
    apiVersion: 1,
    features,
    artifacts: { model: formats },
    config: {
      type: 'object',
      properties: {
        deadZoneBps: {
          type: 'number',
          exclusiveMinimum: 0,
          maximum: 1000,
          default: DEAD_ZONE_BPS,
          description: 'Of a regression: predicted returns of at most this many basis points are flat.',
        },
      },
      additionalProperties: false,
    },
    create: (context) =>
      openModelSession(context, {
        code,
        features,
        load: (bytes, manifest) => load(bytes, manifest, context.artifacts.model.format),
        deadZoneBps: context.config.deadZoneBps,
      }),
  });
}
