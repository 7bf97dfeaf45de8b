import { SignalboxError, type ArtifactFormat, type LoadedModel, type ModelManifest } from '@signalbox/core';
import { loadLightGBM, loadOnnxTrees, loadXGBoost } from '@signalbox/gbdt';
import { compileNetwork, ModelError, readOnnx, type OnnxModel } from '@signalbox/onnx';

type Evaluator = (bytes: Uint8Array, manifest: ModelManifest) => LoadedModel;

/**
 * Our own evaluator of a model: trees, or a network of layers; null for a network with other operators, which only the runtime of its
 * strategy evaluates.
 * @throws SignalboxError MODEL_MALFORMED for bytes that are no ONNX file, MODEL_UNSUPPORTED
 */
export function evaluatorOf(format: ArtifactFormat, bytes: Uint8Array): Evaluator | null {
  if (format === 'lightgbm-text') return (file) => loadLightGBM(file);
  if (format === 'onnx') {
    const graph = readOnnx(bytes);
    const trees = graph.nodes.some(({ domain, op }) => domain === 'ai.onnx.ml' && op.startsWith('TreeEnsemble'));
    return trees ? (_, { features }) => loadOnnxTrees(graph, { featureCount: features.length }) : networkOf(graph);
  }
  return (file, { rounds }) => loadXGBoost(file, { rounds: rounds ?? 'best' });
}

function networkOf(graph: OnnxModel): Evaluator | null {
  let network;
  try {
    network = compileNetwork(graph);
  } catch (error) {
    if (error instanceof ModelError && error.code === 'MODEL_UNSUPPORTED') return null;
    throw error;
  }
  const { inputs, outputs } = network;
  return (_, { features }) => {
    if (features.length !== inputs)
      throw new SignalboxError(
        'MODEL_FEATURE_MISMATCH',
        `The network takes ${inputs} numbers and its manifest names ${features.length} features.`,
        'Put model and manifest of one training run beside each other.',
      );
    return { features: null, outputs, predict: (row, out) => network.predict(row, out) };
  };
}

/** Largest difference to the trainer's own predictions, relative to max(1, |x|). */
export function largestDifference(model: LoadedModel, { golden }: ModelManifest): number {
  let largest = 0;
  golden.rows.forEach((values, i) => {
    const found = model.predict(Float64Array.from(values, (x) => x ?? NaN));
    golden.outputs[i]!.forEach((x, k) => {
      largest = Math.max(largest, Math.abs(found[k]! - x) / Math.max(1, Math.abs(x)));
    });
  });
  return largest;
}

/** How near a model is to its trainer, for people; null was not measured here, and is not shown as if it were. */
export function describeDifference(difference: number | null): string {
  return difference === null ? 'checked by the strategy' : `largest difference ${difference.toExponential(1)}`;
}

export function noEvaluator(code: string): SignalboxError {
  return new SignalboxError(
    'MODEL_UNSUPPORTED',
    `nothing here can evaluate this ONNX model for ${code}: it has operators that are not evaluated here, and no package of that strategy is installed`,
    'Install the package of the strategy and list it under "plugins" in signalbox.config.json.',
  );
}
