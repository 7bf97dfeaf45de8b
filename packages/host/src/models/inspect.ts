/* eslint-disable no-control-regex -- files are told by their first bytes */
import { SignalboxError, type ArtifactFormat } from '@signalbox/core';

/** Bytes from the beginning that tell what a file is. */
export const HEAD_BYTES = 512;

/** File name extension of each format in the store. */
export const EXTENSION: Readonly<Record<ArtifactFormat, string>> = {
  'xgboost-json': 'json',
  'xgboost-ubj': 'ubj',
  'lightgbm-text': 'txt',
  onnx: 'onnx',
};

const CONVERT =
  'Convert it where it was trained, never here: python training/convert.py MODEL.pkl OUT --export FEATURES.csv.gz --trained-on market|simulated; then: signalbox models add';

/** Files that run code when they are loaded, or hold others that do, by how they begin. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/^\x80[\x02-\x05][\s\S]/, 'a Python pickle'],
  [
    /^(\(lp\d|\(dp\d|\(i|ccopy_reg\n|c[A-Za-z_][\w.]*\n[A-Za-z_]\w*\n|\]q\x00|\}q\x00)/,
    'a Python pickle of protocol 0 or 1',
  ],
  [/^PK(\x03\x04|\x05\x06|\x07\x08)/, 'a zip archive (PyTorch, Stable-Baselines3, numpy and Keras files are such)'],
  [/^\x1f\x8b/, 'a gzip file (joblib writes such)'],
  [/^\x78[\x01\x5e\x9c\xda]/, 'a zlib stream (joblib writes such)'],
  [/^BZh[1-9]/, 'a bzip2 file (joblib writes such)'],
  [/^\xfd7zXZ\x00/, 'an xz file (joblib writes such)'],
  [/^\x04"M\x18/, 'an lz4 file (joblib writes such)'],
  [/^\x93NUMPY/, 'a numpy array'],
  [/^\x89HDF/, 'an HDF5 file (Keras writes such)'],
];

const KNOWN: readonly (readonly [RegExp, ArtifactFormat])[] = [
  // an object whose first key is a text; UBJSON writes `{`, `L` (or a smaller size) and the key's length
  [/^(\xef\xbb\xbf)?\s*\{\s*"/, 'xgboost-json'],
  [/^\{[LliIU]/, 'xgboost-ubj'],
  [/^tree\r?\n/, 'lightgbm-text'],
  // protobuf: ir_version, then a field of the model
  [/^\x08[\x01-\x7f](\x12|\x1a|\x22|\x28|\x32|\x3a|\x42)/, 'onnx'],
];

/**
 * What a model file is, by its bytes and never by its name.
 * @param bytes the whole file; with `whole: false` its beginning, which finds no archive behind a model
 * @throws SignalboxError MODEL_PICKLE with the command that converts it, MODEL_UNSUPPORTED
 */
export function inspectModel(bytes: Uint8Array, { whole = true }: { readonly whole?: boolean } = {}): ArtifactFormat {
  const head = latin1(bytes.subarray(0, HEAD_BYTES));
  for (const [pattern, what] of REFUSED) if (pattern.test(head)) throw pickle(what);
  // a zip is found by its end: a file can be a model in front and an archive behind
  if (whole && latin1(bytes.subarray(Math.max(0, bytes.length - 65_557))).includes('PK\x05\x06'))
    throw pickle('a model with a zip archive behind it');
  for (const [pattern, format] of KNOWN) if (pattern.test(head)) return format;
  throw new SignalboxError(
    'MODEL_UNSUPPORTED',
    head.startsWith('binf') || head.startsWith('CONFIG-offset:')
      ? 'the file is a model in the old binary form of XGBoost'
      : bytes.length === 0
        ? 'the file is empty'
        : 'the file is no XGBoost JSON or UBJSON, no LightGBM text and no ONNX model',
    `Save the model in one of these forms (XGBoost: booster.save_model("model.json")). ${CONVERT}.`,
  );
}

function pickle(what: string): SignalboxError {
  return new SignalboxError(
    'MODEL_PICKLE',
    `the file is ${what}: loading one can run any code, so none is ever loaded here`,
    `${CONVERT}.`,
  );
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
