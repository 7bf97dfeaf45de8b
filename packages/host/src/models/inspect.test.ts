import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inspectModel } from './inspect.js';

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const bundled = (path: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../${path}`, import.meta.url)));

describe('a model file is known by its bytes, not by its name', () => {
  it('XGBoost JSON and LightGBM text, as the packages bring them along', () => {
    expect(inspectModel(bundled('strategy-ml-xgb/models/model_v1.json'))).toBe('xgboost-json');
    expect(inspectModel(bundled('strategy-ml-lgbm/models/model_v1.txt'))).toBe('lightgbm-text');
  });

  it('XGBoost UBJSON and ONNX, as their writers begin them', () => {
    expect(inspectModel(latin1('{L\0\0\0\0\0\0\0\x07learner{'))).toBe('xgboost-ubj');
    expect(inspectModel(latin1('\x08\x08\x12\x0askl2onnx'))).toBe('onnx');
  });

  it.each([
    ['pickle protocol 2', '\x80\x02cxgboost.core\nBooster\n'],
    ['pickle protocol 4', '\x80\x04\x95\x10\0\0\0\0\0\0\0'],
    ['pickle protocol 5', '\x80\x05\x95\x10\0\0\0\0\0\0\0'],
    ['pickle protocol 0', 'cos\nsystem\n(S"id"\ntR.'],
    ['pickle protocol 0 of an object', 'ccopy_reg\n_reconstructor\np0\n'],
    ['zip (torch, SB3, numpy)', 'PK\x03\x04\x14\0'],
    ['gzip (joblib)', '\x1f\x8b\x08\0'],
    ['zlib (joblib)', '\x78\x9c\x01'],
    ['xz (joblib)', '\xfd7zXZ\0'],
    ['bzip2 (joblib)', 'BZh91AY'],
    ['numpy', '\x93NUMPY\x01\0'],
    ['HDF5', '\x89HDF\r\n'],
    [
      'a model with an archive behind it',
      `{"learner":{}}${' '.repeat(3000)}PK\x03\x04evil.pklPK\x05\x06${'\0'.repeat(18)}`,
    ],
  ])('%s is refused, with the command that converts it', (_, text) => {
    expect(() => inspectModel(latin1(text))).toThrow(expect.objectContaining({ code: 'MODEL_PICKLE' }));
    expect(() => inspectModel(latin1(text))).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('training/convert.py') }),
    );
  });

  it.each([
    ['nothing', ''],
    ['a page', '<!doctype html><html>'],
    ['XGBoost’s old binary form', 'binf\0\0\0\0'],
    ['noise', '\xde\xad\xbe\xef'],
  ])('%s is no model: MODEL_UNSUPPORTED', (_, text) => {
    expect(() => inspectModel(latin1(text))).toThrow(expect.objectContaining({ code: 'MODEL_UNSUPPORTED' }));
  });
});
