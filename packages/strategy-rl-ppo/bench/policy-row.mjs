// One row of a 2×64 policy with 17 inputs: our evaluator, onnxruntime-node where SIGNALBOX_ONNXRUNTIME or the project has it, and torch and
// Stable-Baselines3 where SIGNALBOX_PYTHON has them. Microseconds; of each stretch of rows the fastest pass counts.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadNetwork, writeOnnx } from '@signalbox/onnx';

const INPUTS = 17;
const WIDTHS = [64, 64, 1];
const ROWS = 512;
const STRETCH = 64;
const REPEATS = 100;

let state = 1;
const random = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32 - 0.5;
const initializers = new Map();
const tensor = (name, dims) => {
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random() * 0.5);
  initializers.set(name, { name, type: 'float32', dims, data });
  return name;
};
const nodes = [];
const then = (op, inputs, output) => {
  nodes.push({ name: output, op, domain: '', inputs, outputs: [output], attributes: new Map() });
  return output;
};
let at = 'observation';
WIDTHS.forEach((width, i) => {
  const from = i === 0 ? INPUTS : WIDTHS[i - 1];
  at = then('Gemm', [at, tensor(`w${i}`, [from, width]), tensor(`b${i}`, [width])], `layer${i}`);
  at = then('Tanh', [at], i === WIDTHS.length - 1 ? 'action' : `active${i}`);
});
const value = (name, width) => ({ name, type: 'float32', dims: ['batch', width] });
const bytes = writeOnnx({
  irVersion: 8,
  producer: { name: 'bench', version: '1' },
  opsets: new Map([['', 17]]),
  metadata: new Map(),
  name: 'policy',
  nodes,
  initializers,
  inputs: [value('observation', INPUTS)],
  outputs: [value('action', 1)],
});
const rows = Array.from({ length: ROWS }, () => Float64Array.from({ length: INPUTS }, random));

const network = loadNetwork(bytes);
const out = new Float64Array(1);
const results = [{ name: 'built-in evaluator', value: await perRow((row) => network.predict(row, out)), unit: 'µs' }];

const name = process.env.SIGNALBOX_ONNXRUNTIME ?? 'onnxruntime-node';
const ort = await import(name).then((module) => module.default ?? module).catch(() => null);
if (ort) {
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const row32 = new Float32Array(INPUTS);
  const feeds = { observation: new ort.Tensor('float32', row32, [1, INPUTS]) };
  let largest = 0;
  for (const row of rows) {
    row32.set(row);
    largest = Math.max(largest, Math.abs((await session.run(feeds)).action.data[0] - network.predict(row, out)[0]));
  }
  const us = await perRow(async (row) => {
    row32.set(row);
    return (await session.run(feeds)).action.data[0];
  }, true);
  results.push({ name: 'onnxruntime-node', value: us, unit: 'µs', note: 'one thread' });
  results.push({ name: 'largest difference', value: Number(largest.toExponential(1)), unit: '' });
}
const python = process.env.SIGNALBOX_PYTHON;
if (python) {
  const folder = mkdtempSync(join(tmpdir(), 'policy-row-'));
  try {
    writeFileSync(join(folder, 'policy.onnx'), bytes);
    const script = fileURLToPath(new URL('policy_row.py', import.meta.url));
    const env = { ...process.env, CUDA_VISIBLE_DEVICES: '' };
    results.push(...JSON.parse(execFileSync(python, [script, join(folder, 'policy.onnx')], { encoding: 'utf8', env })));
  } catch {
    // an interpreter without the peers
  } finally {
    rmSync(folder, { recursive: true });
  }
}
console.log(JSON.stringify({ bench: 'policy row', rows: results }));

async function perRow(call, wait = false) {
  const fastest = new Float64Array(ROWS / STRETCH).fill(Infinity);
  for (let repeat = 0; repeat < REPEATS; repeat++)
    for (let k = 0; k < fastest.length; k++) {
      const start = process.hrtime.bigint();
      for (let i = k * STRETCH; i < (k + 1) * STRETCH; i++) {
        const answer = call(rows[i]);
        if (wait) await answer;
      }
      fastest[k] = Math.min(fastest[k], Number(process.hrtime.bigint() - start) / 1e3 / STRETCH);
    }
  return Number((fastest.reduce((sum, x) => sum + x) / fastest.length).toFixed(2));
}
