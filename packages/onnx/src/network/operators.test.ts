/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readOnnx } from '../read.js';
import { loadNetwork } from './load.js';
import { OPERATORS } from './operators.js';

interface Golden {
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: number[][];
  readonly networks: Readonly<Record<string, { readonly onnx: string; readonly outputs: (number | string)[][] }>>;
}
const path = new URL('../../test/fixtures/operators.json.gz', import.meta.url);
const { rows, networks, versions } = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Golden;

describe(`operators give the numbers of onnxruntime ${versions['onnxruntime']} to 1e-5`, () => {
  it.each(Object.entries(networks))('%s', (_, { onnx, outputs }) => {
    const network = loadNetwork(Uint8Array.from(Buffer.from(onnx, 'base64')));
    rows.forEach((row, i) => {
      const said = network.predict(row);
      const wanted = outputs[i]!.map((x) =>
        x === 'nan' ? NaN : x === 'inf' ? Infinity : x === '-inf' ? -Infinity : Number(x),
      );
      expect(said.length, `row ${i}`).toBe(wanted.length);
      wanted.forEach((x, k) => {
        if (!Number.isFinite(x)) expect(said[k], `row ${i}, output ${k}`).toBe(x);
        else
          expect(
            Math.abs(said[k]! - x) / Math.max(1, Math.abs(x)),
            `row ${i}, output ${k}: ${said[k]} for ${x}`,
          ).toBeLessThan(1e-5);
      });
    });
  });

  it('no operator is evaluated that is not checked here', () => {
    const checked = new Set(
      Object.values(networks).flatMap(({ onnx }) =>
        readOnnx(Uint8Array.from(Buffer.from(onnx, 'base64'))).nodes.map(({ op }) => op),
      ),
    );
    expect([...OPERATORS.keys()].filter((op) => !checked.has(op))).toEqual([]);
  });
});
