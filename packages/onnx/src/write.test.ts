/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readOnnx } from './read.js';
import { writeOnnx } from './write.js';

const fixture = (name: string) => readFileSync(new URL(`../test/fixtures/${name}`, import.meta.url));

describe('what is written is read again, equal', () => {
  it('every kind of tensor and attribute', () => {
    const model = readOnnx(new Uint8Array(fixture('reader.onnx')));
    const written = {
      ...model,
      initializers: new Map([...model.initializers].filter(([, tensor]) => tensor.type !== 'string')),
    };
    expect(readOnnx(writeOnnx(written))).toEqual(written);
  });

  it('policies of Stable-Baselines3, and the same bytes each time', () => {
    const { policies } = JSON.parse(gunzipSync(fixture('sb3-policies.json.gz')).toString()) as {
      policies: Record<string, { onnx: string }>;
    };
    for (const [name, { onnx }] of Object.entries(policies)) {
      const model = readOnnx(Uint8Array.from(Buffer.from(onnx, 'base64')));
      const bytes = writeOnnx(model);
      expect(readOnnx(bytes), name).toEqual(model);
      expect(writeOnnx(readOnnx(bytes)), name).toEqual(bytes);
    }
  });
});
