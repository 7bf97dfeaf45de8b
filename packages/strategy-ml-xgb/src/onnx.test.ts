/// <reference types="node" />
import { readFileSync } from 'node:fs';
import {
  askSession,
  compileFeatures,
  createCalendar,
  defaultFeatures,
  FLAT,
  openSession,
  sha256,
  USD_COP,
  USDCOP_CALENDAR,
  type Artifact,
  type ModelManifest,
} from '@signalbox/core';
import { testStrategy } from '@signalbox/core/testing';
import { expect, it } from 'vitest';
import mlXgb from './index.js';

/** The bundled model as onnxmltools converts it (training/golden/onnx_strategies.py), with XGBoost's own predictions as golden vectors. */
const bytes = (path: string) => new Uint8Array(readFileSync(new URL(path, import.meta.url)));
const onnx = bytes('../test/fixtures/model_v1.onnx');
const native = bytes('../models/model_v1.json');
const manifest = JSON.parse(new TextDecoder().decode(bytes('../models/model_v1.manifest.json'))) as ModelManifest;
const plan = compileFeatures(defaultFeatures(), createCalendar(USDCOP_CALENDAR));
const artifact = (format: Artifact['format'], model: Uint8Array, change: object = {}): Artifact => ({
  format,
  sha256: sha256(model),
  bytes: model,
  manifest: { ...manifest, sha256: sha256(model), bytes: model.length, ...change },
});
const open = (model: Artifact) =>
  openSession(mlXgb, {
    config: {},
    artifacts: { model },
    instrument: USD_COP,
    featureHashes: plan.hashes,
    featureDefinitions: plan.definitions,
  });
const moved = (by: number) => ({
  golden: { ...manifest.golden, outputs: manifest.golden.outputs.map((values) => values.map((p) => p + by)) },
});

it('an ONNX file of the model opens against the trainer’s predictions, and says what the native file says', async () => {
  const [fromOnnx, fromNative] = await Promise.all([
    open(artifact('onnx', onnx)),
    open(artifact('xgboost-json', native)),
  ]);
  const directions = new Set<string>();
  for (const values of manifest.golden.rows) {
    const view = {
      bar: { time: 0, open: 4000, high: 4000, low: 4000, close: 4000, volume: 0 },
      features: {},
      vector: Float64Array.from(values, (x) => x ?? NaN),
      position: FLAT,
      opinions: {},
    };
    const turn = { abort: new AbortController().signal, deadline: 1e15 };
    const [found, wanted] = await Promise.all([fromOnnx, fromNative].map((session) => askSession(session, view, turn)));
    expect(found!.signal).toBe(wanted!.signal);
    expect((found as { confidence: number }).confidence).toBeCloseTo((wanted as { confidence: number }).confidence, 6);
    directions.add(found!.signal);
  }
  expect([...directions].sort()).toEqual(['flat', 'long', 'short']);
});

it('golden vectors of an ONNX file are held to 1e-6', async () => {
  await expect(open(artifact('onnx', onnx, moved(4e-7)))).resolves.toBeDefined();
  await expect(open(artifact('onnx', onnx, moved(-2e-6)))).rejects.toMatchObject({ code: 'MODEL_GOLDEN_MISMATCH' });
});

it('an ONNX file that is cut off is MODEL_MALFORMED, also when the manifest was made for it', async () => {
  const cut = onnx.slice(0, onnx.length >> 1);
  await expect(open(artifact('onnx', cut))).rejects.toMatchObject({ code: 'MODEL_MALFORMED' });
});

it('holds to the contract with an ONNX file: the conformance kit', async () => {
  const { cases } = await testStrategy(mlXgb, { artifacts: { model: artifact('onnx', onnx) } });
  expect(cases.filter(({ status }) => status === 'skip').map(({ name }) => name)).toEqual(['restore']);
});
