import type { OnnxModel, OnnxNode, OnnxTensor } from '@signalbox/onnx';
import type { Layer } from './parameters.js';

/** What is taken off each observation, and what the rest is multiplied with, before the first layer. */
export interface Normaliser {
  readonly mean: Float32Array;
  readonly scale: Float32Array;
}

/** The policy as an ONNX graph: normalise, layers with tanh between them, and the action clipped to [−1, 1]. */
export function policyModel(
  layers: readonly Layer[],
  normaliser: Normaliser,
  metadata: ReadonlyMap<string, string>,
): OnnxModel {
  const inputs = layers[0]!.inputs;
  const initializers = new Map<string, OnnxTensor>();
  const add = (name: string, dims: readonly number[], data: Float32Array): string => {
    initializers.set(name, { name, type: 'float32', dims, data: Float32Array.from(data) });
    return name;
  };
  const nodes: OnnxNode[] = [];
  const then = (op: string, from: readonly string[], to: string): string => {
    nodes.push({ name: to, op, domain: '', inputs: from, outputs: [to], attributes: new Map() });
    return to;
  };
  let at = then('Sub', ['observation', add('usual', [inputs], normaliser.mean)], 'distance');
  at = then('Mul', [at, add('scale', [inputs], normaliser.scale)], 'normal');
  layers.forEach(({ inputs: width, outputs, weights, biases }, i) => {
    const last = i === layers.length - 1;
    const [w, b] = [add(`w${i}`, [width, outputs], weights), add(`b${i}`, [outputs], biases)];
    at = then('Gemm', [at, w, b], last ? 'mean' : `layer${i}`);
    if (!last) at = then('Tanh', [at], `active${i}`);
  });
  then('Clip', [at, add('low', [], Float32Array.of(-1)), add('high', [], Float32Array.of(1))], 'action');
  const dims = (width: number) => ['batch', width];
  return {
    irVersion: 8,
    producer: { name: 'signalbox train RL_PPO', version: '1' },
    opsets: new Map([['', 17]]),
    metadata,
    name: 'policy',
    nodes,
    initializers,
    inputs: [{ name: 'observation', type: 'float32', dims: dims(inputs) }],
    outputs: [
      { name: 'action', type: 'float32', dims: dims(1) },
      { name: 'mean', type: 'float32', dims: dims(1) },
    ],
  };
}
