import { SignalboxError, type ArtifactFormat, type LoadedModel, type ModelManifest } from '@signalbox/core';
import { loadLightGBM, loadXGBoost } from '@signalbox/gbdt';

/** Our own evaluator of a format; null where only the strategy has one. */
export function evaluatorOf(
  format: ArtifactFormat,
): ((bytes: Uint8Array, manifest: ModelManifest) => LoadedModel) | null {
  if (format === 'lightgbm-text') return (bytes) => loadLightGBM(bytes);
  if (format === 'onnx') return null;
  return (bytes, { rounds }) => loadXGBoost(bytes, { rounds: rounds ?? 'best' });
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
    `nothing here can evaluate an ONNX model for ${code}: no package of that strategy is installed`,
    'Install the package of the strategy and list it under "plugins" in signalbox.config.json.',
  );
}
