/// <reference types="node" />
/// <reference lib="dom" />
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { loadLightGBM, loadOnnxTrees, loadXGBoost, type TreeModel } from '@signalbox/gbdt';
import { readOnnx } from '@signalbox/onnx';
import { build } from 'esbuild';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumArguments, findChromium } from '../../dashboard/test/chromium.js';

interface Kinds {
  readonly kinds: Readonly<Record<string, Readonly<Record<string, string>> & { rows: (number | string | null)[][] }>>;
}
interface Given {
  readonly format: string;
  readonly base64: string;
  readonly rows: readonly (readonly number[])[];
}
interface Said {
  readonly wasm: boolean;
  readonly sums: readonly number[];
  readonly predictions: readonly number[];
  readonly warm: readonly number[];
  readonly batch: readonly number[];
}

const executablePath = findChromium();
const fixture = (name: string) =>
  (JSON.parse(gunzipSync(readFileSync(new URL(`fixtures/kinds-${name}.json.gz`, import.meta.url))).toString()) as Kinds)
    .kinds;
const number = (value: number | string | null) =>
  value === null ? NaN : Number(String(value).replace('inf', 'Infinity'));
const given = (format: string, kind: Kinds['kinds'][string], field: string): Given => {
  const bytes = kind[field]!;
  const base64 = format === 'onnx' ? bytes : Buffer.from(bytes).toString('base64');
  return { format, base64, rows: kind.rows.map((row) => row.map(number)) };
};
const models: [string, Given][] = [
  ['XGBoost', given('xgboost', fixture('xgboost-3.2.0')['multi-softprob']!, 'json')],
  ['LightGBM', given('lightgbm', fixture('lightgbm-4.7.0')['multiclass']!, 'text')],
  ['ONNX', given('onnx', fixture('onnx')['lgbm-multi-many']!, 'onnx')],
];

const load = ({ format, base64 }: Given): TreeModel => {
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
  return format === 'xgboost'
    ? loadXGBoost(bytes)
    : format === 'lightgbm'
      ? loadLightGBM(bytes)
      : loadOnnxTrees(readOnnx(bytes));
};
/** What the page computes too: cold, after enough rows to be compiled, and in a batch. */
const ROUNDS = 5;
const PAGE = `
  import { loadLightGBM, loadOnnxTrees, loadXGBoost } from '@signalbox/gbdt';
  import { readOnnx } from '@signalbox/onnx';
  globalThis.evaluate = ({ format, base64, rows }) => {
    let wasm = true;
    try { new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)); } catch { wasm = false; }
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const model =
      format === 'xgboost' ? loadXGBoost(bytes) : format === 'lightgbm' ? loadLightGBM(bytes) : loadOnnxTrees(readOnnx(bytes));
    const each = (f) => rows.flatMap((row) => Array.from(f(Float64Array.from(row))));
    const sums = each((row) => model.predictRaw(row));
    const predictions = each((row) => model.predict(row));
    let warm;
    for (let i = 0; i < ${ROUNDS}; i++) warm = each((row) => model.predictRaw(row));
    const many = Array.from({ length: ${ROUNDS} }, () => rows).flat(2);
    return { wasm, sums, predictions, warm, batch: Array.from(model.predictBatch(Float64Array.from(many))) };
  };`;

describe.skipIf(executablePath === null)(
  'in a browser (needs Chromium: CHROMIUM_PATH or on PATH)',
  { timeout: 90_000 },
  () => {
    let browser: Browser;
    let script: string;
    beforeAll(async () => {
      const resolveDir = fileURLToPath(new URL('.', import.meta.url));
      const bundled = await build({
        stdin: { contents: PAGE, resolveDir },
        bundle: true,
        format: 'iife',
        platform: 'browser',
        write: false,
      });
      script = bundled.outputFiles[0]!.text;
      browser = await chromium.launch({ executablePath: executablePath!, args: chromiumArguments() });
    }, 60_000);
    afterAll(() => browser?.close());

    const ask = async (policy: string, model: Given): Promise<Said> => {
      const page = await browser.newPage();
      try {
        await page.route('**/*', (route) =>
          route.request().url().endsWith('.js')
            ? route.fulfill({ contentType: 'text/javascript', body: script })
            : route.fulfill({
                contentType: 'text/html',
                headers: { 'content-security-policy': policy },
                body: '<!doctype html><script src="gbdt.js"></script>',
              }),
        );
        await page.goto('http://gbdt.test/');
        return await page.evaluate(
          (one) => (globalThis as unknown as { evaluate(given: Given): Said }).evaluate(one),
          model,
        );
      } finally {
        await page.close();
      }
    };

    it.each([
      ['allowed', "default-src 'self' 'wasm-unsafe-eval'", true],
      ['refused by the page’s policy', "default-src 'self'", false],
    ])(
      'with WebAssembly %s, every model’s sums are the bits of Node, cold, compiled and in a batch',
      async (_, policy, wasm) => {
        for (const [name, model] of models) {
          const said = await ask(policy, model);
          const here = load(model);
          const each = (f: (row: Float64Array) => Float64Array) =>
            model.rows.flatMap((row) => Array.from(f(Float64Array.from(row))));
          const sums = each((row) => here.predictRaw(row));
          const predictions = each((row) => here.predict(row));
          expect(said.wasm, name).toBe(wasm);
          expect(model.rows.length * ROUNDS, 'rows enough to be compiled').toBeGreaterThan(64);
          expect(said.sums, name).toEqual(sums);
          expect(said.warm, name).toEqual(sums);
          expect(said.batch, name).toEqual(Array.from({ length: ROUNDS }, () => said.predictions).flat());
          // JavaScript leaves the last bit of exp to the engine
          said.predictions.forEach((found, i) =>
            expect(Math.abs(found - predictions[i]!), name).toBeLessThanOrEqual(1e-7),
          );
        }
      },
    );
  },
);
