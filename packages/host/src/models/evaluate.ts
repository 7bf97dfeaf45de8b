import { SignalboxError, type ArtifactFormat, type LoadedModel, type ModelManifest } from '@signalbox/core';
import { loadLightGBM, loadOnnxTrees, loadXGBoost } from '@signalbox/gbdt';
import { readOnnx } from '@signalbox/onnx';

/**
 * Our own evaluator of a model; null where only the strategy has one, as for a network.
 * @throws SignalboxError MODEL_MALFORMED for bytes that are no ONNX file, MODEL_UNSUPPORTED
 */
export function evaluatorOf(
  format: ArtifactFormat,
  bytes: Uint8Array,
): ((bytes: Uint8Array, manifest: ModelManifest) => LoadedModel) | null {
  if (format === 'lightgbm-text') return (file) => loadLightGBM(file);
  if (format === 'onnx') {
    const graph = readOnnx(bytes);
    const trees = graph.nodes.some(({ domain, op }) => domain === 'ai.onnx.ml' && op.startsWith('TreeEnsemble'));
    return trees ? (_, { features }) => loadOnnxTrees(graph, { featureCount: features.length }) : null;
  }
  return (file, { rounds }) => loadXGBoost(file, { rounds: rounds ?? 'best' });
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

export function noEvaluator(code: string): SignalboxError {
  return new SignalboxError(
    'MODEL_UNSUPPORTED',
    `nothing here can evaluate this ONNX model for ${code}: it is no model of trees, and no package of that strategy is installed`,
    'Install the package of the strategy and list it under "plugins" in signalbox.config.json.',
  );
}
