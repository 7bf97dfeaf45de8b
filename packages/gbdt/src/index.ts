export { loadLightGBM } from './lightgbm.js';
export { loadXGBoost } from './xgboost.js';
export { loadOnnxTrees, type OnnxTreeOptions } from './onnx/load.js';
export type { OnnxGraph, OnnxGraphNode, OnnxGraphTensor, OnnxGraphValue } from './onnx/graph.js';
export type { LoadOptions, TreeModel } from './model.js';
export { ModelError, type ModelErrorCode } from './model-error.js';
