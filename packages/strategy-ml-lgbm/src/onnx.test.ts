import { describe } from 'vitest';
import { onnxCases } from '../../gbdt/test/model-table.js';
import mlLgbm from './index.js';

const url = (path: string) => new URL(path, import.meta.url);
describe('the bundled model in an ONNX file, with LightGBM’s own predictions as golden vectors', () =>
  onnxCases(mlLgbm, 'lightgbm-text', url('../models/model_v1.txt'), url('../test/fixtures/model_v1.onnx')));
