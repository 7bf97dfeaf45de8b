import { defineModelStrategy } from '@signalbox/core';
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

/** Gradient-boosted trees trained with XGBoost, from XGBoost's own files or ONNX. */
export const mlXgb = defineModelStrategy({
  code: 'ML_XGB',
  name: 'XGBoost classifier',
  features: FEATURES,
  formats: ['xgboost-json', 'xgboost-ubj', 'onnx'],
  load: (bytes, manifest, format) =>
    format === 'onnx'
      ? loadOnnxTrees(readOnnx(bytes), { featureCount: manifest.features.length })
      : loadXGBoost(bytes, { rounds: manifest.rounds ?? 'best' }),
});
