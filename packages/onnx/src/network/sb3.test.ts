/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { loadNetwork } from './load.js';

interface Policies {
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: number[][];
  readonly policies: Readonly<
    Record<string, { onnx: string; operators: string[]; outputs: number[][]; predict: number[][] | null }>
  >;
}
const path = new URL('../../test/fixtures/sb3-policies.json.gz', import.meta.url);
const { rows, policies, versions } = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Policies;

describe(`policies of Stable-Baselines3 ${versions['stable_baselines3']} give onnxruntime's numbers to 1e-5 and SB3's own action`, () => {
  it('continuous and discrete ones of every algorithm, by both exporters', () => {
    const names = Object.keys(policies);
    for (const part of ['ppo-continuous', 'ppo-discrete', 'a2c', 'sac', 'td3', 'dqn', 'script', 'dynamo'])
      expect(
        names.some((name) => name.includes(part)),
        part,
      ).toBe(true);
  });

  it.each(Object.entries(policies))('%s', (_, { onnx, outputs, predict }) => {
    const network = loadNetwork(Uint8Array.from(Buffer.from(onnx, 'base64')));
    expect(network.inputs).toBe(16);
    const out = new Float64Array(network.outputs);
    let largest = 0;
    rows.forEach((row, i) => {
      network.predict(row, out);
      outputs[i]!.forEach((wanted, k) => {
        largest = Math.max(largest, Math.abs(out[k]! - wanted) / Math.max(1, Math.abs(wanted)));
      });
      if (!predict) return;
      if (network.outputs === 3) expect(out.indexOf(Math.max(...out)), `row ${i}`).toBe(predict[i]![0]);
      else expect(out[0], `row ${i}`).toBeCloseTo(predict[i]![0]!, 5);
    });
    expect(largest).toBeLessThan(1e-5);
  });

  it('the rows reach all three classes, both bounds of the action and its inside', () => {
    const classes = new Set(policies['ppo-discrete-script']!.predict!.flat());
    expect(classes.size).toBe(3);
    const inside = policies['ppo-continuous-clip-script']!.outputs.flat().filter((x) => Math.abs(x) < 1);
    expect(inside.length).toBeGreaterThan(3);
  });
});
