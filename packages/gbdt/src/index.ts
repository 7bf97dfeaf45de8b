export { loadXGBoost, type XGBoostOptions } from './xgboost.js';
export type { TreeModel } from './model.js';
export { ModelError, type ModelErrorCode } from './model-error.js';
