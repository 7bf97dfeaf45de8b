import { defineStrategy, SignalboxError, verifyArtifact, type ModelManifest } from '@signalbox/core';
import { loadXGBoost } from '@signalbox/gbdt';
import { CLASSES, opinionOf } from './classes.js';
import { describeUnusual } from './unusual.js';

/** What the bundled model was trained on, in its order. */
const FEATURES = [
  'log_ret_5m',
  'log_ret_1h',
  'log_ret_4h',
  'rsi_9',
  'atr_pct',
  'adx_14',
  'dxy_z',
  'dxy_change_1d',
  'vix_z',
  'embi_z',
  'brent_change_1d',
  'rate_spread',
  'usdmxn_change_1d',
] as const;

/**
 * A gradient-boosted classifier trained with XGBoost: three classes, short, flat and long. The model is used only if it is the file of
 * its manifest, was trained on these features as they are defined now, and reproduces the trainer's predictions.
 */
export const mlXgb = defineStrategy({
  code: 'ML_XGB',
  name: 'XGBoost classifier',
  type: 'ML',
  apiVersion: 1,
  features: FEATURES,
  artifacts: { model: ['xgboost-json'] },
  config: { type: 'object', properties: {}, additionalProperties: false },
  create({ artifacts, featureHashes, featureDefinitions, log }) {
    const { model, manifest } = verifyArtifact(
      artifacts.model,
      { features: FEATURES, featureHashes, featureDefinitions },
      (bytes, { rounds }) => loadXGBoost(bytes, { rounds: rounds ?? 'best' }),
    );
    checkOutput(manifest, model.outputs);
    log(`model ${manifest.sha256.slice(0, 12)} loaded`, {
      trees: model.trees,
      trained_on: manifest.trained_on,
      golden_rows: manifest.golden.rows.length,
    });
    const unusual = describeUnusual(manifest.features);
    const probabilities = new Float64Array(model.outputs);
    return {
      onBar({ vector }) {
        return opinionOf(model.predict(vector, probabilities), unusual(vector));
      },
    };
  },
});

function checkOutput({ output }: ModelManifest, outputs: number): void {
  if (output.kind === 'probabilities' && outputs === CLASSES.length && String(output.classes) === String(CLASSES))
    return;
  throw new SignalboxError(
    'MODEL_UNSUPPORTED',
    `ML_XGB takes the probabilities of ${CLASSES.join(', ')}; the manifest says ${output.kind} of ${output.classes?.join(', ') ?? 'no classes'}, the model gives ${outputs} outputs.`,
    'Train with objective multi:softprob and the classes 0 short, 1 flat, 2 long.',
  );
}
