import {
  andThen,
  defineStrategy,
  describeUnusual,
  readManifest,
  SignalboxError,
  verifyArtifact,
  type AnyStrategy,
  type Artifact,
  type FeatureDefinition,
  type FeatureSupply,
  type ModelManifest,
} from '@signalbox/core';
import { FEATURES } from './features.js';
import { openPolicy, type Policy, type Runtime } from './policy.js';
import { readAction, targetOpinion, THRESHOLD, trainedThreshold, type ReadAction } from './target.js';
import { verifyTrajectories } from './trajectory.js';

/**
 * A policy trained by reinforcement learning (PPO): it sees the market and its own position, and says which position to hold. The model
 * is used only if it is the file of its manifest, was trained on these features as they are defined now, reproduces the trainer's
 * predictions, and acts through whole sessions as it did in training.
 */
export const rlPpo = defineStrategy({
  code: 'RL_PPO',
  name: 'PPO policy',
  type: 'RL',
  apiVersion: 1,
  features: FEATURES,
  artifacts: { model: ['onnx'] },
  config: {
    type: 'object',
    properties: {
      threshold: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 1,
        description:
          'Actions smaller than this are flat, and close a position. By default the one that the policy was trained with, as its manifest says (trainer.threshold); 0.1 where it says none.',
      },
      runtime: {
        enum: ['auto', 'onnxruntime-node', 'builtin'],
        default: 'auto',
        description:
          'What evaluates the policy: onnxruntime-node where it is installed and else the evaluator of this project (auto), or one of the two.',
      },
    },
    additionalProperties: false,
  },
  async create({ config, artifacts, featureHashes, featureDefinitions, log }) {
    const { threshold: configured, runtime = 'auto' } = config as { threshold?: number; runtime?: Runtime };
    const supply = { features: FEATURES, featureHashes, featureDefinitions };
    const { policy, manifest } = await verifyPolicy(artifacts.model, supply, runtime);
    const { action, threshold, trajectories } = await tryPolicy(policy, manifest, configured, featureDefinitions);
    log(`policy ${manifest.sha256.slice(0, 12)} loaded`, {
      runtime: policy.runtime,
      threshold,
      trained_on: manifest.trained_on,
      golden_rows: manifest.golden.rows.length,
      golden_trajectories: trajectories,
    });
    const unusual = describeUnusual(manifest.features);
    return {
      onBar: ({ vector, position }) => {
        const facts = unusual(vector);
        return andThen(policy.predict(vector), (numbers) => targetOpinion(action(numbers), position, threshold, facts));
      },
      ...(policy.close && { close: () => policy.close!() }),
    };
  },
});

/** What the policy is asked by, once it acts through its golden trajectories as it did in training; else it is closed. */
async function tryPolicy(
  policy: Policy,
  manifest: ModelManifest,
  configured: number | undefined,
  current: Readonly<Record<string, object>> | undefined,
): Promise<{ readonly action: ReadAction; readonly threshold: number; readonly trajectories: number }> {
  try {
    const trained = trainedThreshold(manifest);
    const action = readAction(manifest.output, policy.outputs);
    const trajectories = await verifyTrajectories(
      (manifest as { golden_trajectories?: unknown }).golden_trajectories,
      rlPpo as unknown as AnyStrategy,
      positionDefinitions(manifest, current),
      policy,
      action,
      trained,
    );
    return { action, threshold: configured ?? trained ?? THRESHOLD, trajectories };
  } catch (error) {
    await policy.close?.();
    throw error;
  }
}

/** File, features and predictions, in that order: a runtime gets bytes only when they are the manifest's. */
export async function verifyPolicy(
  artifact: Artifact,
  supply: FeatureSupply,
  runtime: Runtime,
  open: (bytes: Uint8Array, inputs: number) => Promise<Policy> = (bytes, inputs) => openPolicy(bytes, inputs, runtime),
): Promise<{ readonly policy: Policy; readonly manifest: ModelManifest }> {
  const claimed = readManifest(artifact.manifest);
  const answers = (outputs: readonly ArrayLike<number>[], count: number) => {
    let next = 0;
    return () => ({ features: null, outputs: count, predict: () => outputs[next++]! });
  };
  // file and features alone: the manifest's own numbers stand in for predictions
  verifyArtifact(artifact, supply, answers(claimed.golden.outputs, claimed.golden.outputs[0]!.length));
  if (claimed.action_semantics !== 'target_position')
    throw new SignalboxError(
      'MODEL_UNSUPPORTED',
      `RL_PPO takes action_semantics target_position; the manifest says ${claimed.action_semantics}.`,
      'Train a policy whose action is the position to hold, and say so in the manifest.',
    );
  const policy = await open(artifact.bytes, claimed.features.length);
  try {
    const outputs: number[][] = [];
    for (const row of claimed.golden.rows)
      outputs.push(Array.from(await policy.predict(Float64Array.from(row, (x) => x ?? NaN))));
    const { manifest } = verifyArtifact(artifact, supply, answers(outputs, policy.outputs));
    return { policy, manifest };
  } catch (error) {
    await policy.close?.();
    throw error;
  }
}

/** The definitions of the position's features that the model was trained with; hashes have shown that they are today's. */
function positionDefinitions(
  manifest: ModelManifest,
  current: Readonly<Record<string, object>> | undefined,
): readonly FeatureDefinition[] {
  return manifest.features.flatMap(({ name, definition }) => {
    const known = (definition ?? current?.[name]) as FeatureDefinition | undefined;
    return known && 'position' in known.source ? [{ ...known, name }] : [];
  });
}
