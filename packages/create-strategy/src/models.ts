/** Where a template's model lies here, and under which name in the package. */
export const MODELS = {
  xgboost: { file: 'xgboost.json', as: 'model_v1.json', format: 'xgboost-json' },
  lightgbm: { file: 'lightgbm.txt', as: 'model_v1.txt', format: 'lightgbm-text' },
  onnx: { file: 'network.onnx', as: 'model_v1.onnx', format: 'onnx' },
} as const;
