import { describe } from 'vitest';
import { onnxCases } from '../../gbdt/test/model-table.js';
import mlXgb from './index.js';

const url = (path: string) => new URL(path, import.meta.url);
describe('the bundled model in an ONNX file, with XGBoost’s own predictions as golden vectors', () =>
  onnxCases(mlXgb, 'xgboost-json', url('../models/model_v1.json'), url('../test/fixtures/model_v1.onnx')));
