export { loadLightGBM } from './lightgbm.js';
export { loadXGBoost } from './xgboost.js';
export type { LoadOptions, TreeModel } from './model.js';
export { ModelError, type ModelErrorCode } from './model-error.js';
