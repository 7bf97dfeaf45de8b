import { DEAD_ZONE_BPS, defineStrategy, openModelSession } from '@signalbox/core';
import { loadXGBoost, loadOnnxTrees } from '@signalbox/gbdt';
import { readOnnx } from '@signalbox/onnx';

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
 * Gradient-boosted trees trained with XGBoost: a classifier of short, flat and long or of short and long, or a regression of the return.
 * The model is used only if it is the file of its manifest, was trained on these features as they are defined now, and reproduces the
 * trainer's predictions.
 */
export const mlXgb = defineStrategy({
  code: 'ML_XGB',
  name: 'XGBoost classifier',
  type: 'ML',
  apiVersion: 1,
  features: FEATURES,
  artifacts: { model: ['xgboost-json', 'xgboost-ubj', 'onnx'] },
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
      code: 'ML_XGB',
      features: FEATURES,
      load: (bytes, manifest) =>
        context.artifacts.model.format === 'onnx'
          ? loadOnnxTrees(readOnnx(bytes), { featureCount: manifest.features.length })
          : loadXGBoost(bytes, { rounds: manifest.rounds ?? 'best' }),
      deadZoneBps: context.config.deadZoneBps,
    }),
});
