import type * as Core from '@tensorflow/tfjs-core';
import type { PpoOptions } from './options.js';
import { arraysOf, type Layer, type Parameters } from './parameters.js';
import type { Random } from './random.js';
import type { Rollout } from './rollout.js';

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-5;

/** Adam's memory (Kingma and Ba, 2015), in the order of the learned arrays. */
export interface Moments {
  readonly first: readonly Float32Array[];
  readonly second: readonly Float32Array[];
  /** Steps taken. */
  count: number;
}

export function newMoments(parameters: Parameters): Moments {
  const zeros = (): Float32Array[] => arraysOf(parameters).map((array) => new Float32Array(array.length));
  return { first: zeros(), second: zeros(), count: 0 };
}

/** What one round of learning did, for the log. */
export interface Learned {
  readonly policyLoss: number;
  readonly valueLoss: number;
  /** Share of decisions whose probability moved beyond the clip. */
  readonly clipped: number;
}

/**
 * Learns from one rollout: advantages by generalised advantage estimation, then epochs of shuffled minibatches under the clipped
 * objective. Gradients are TensorFlow's; the step that they make is Adam's, in plain arrays, so that a checkpoint holds all of it.
 */
export async function learn(
  tf: typeof Core,
  parameters: Parameters,
  moments: Moments,
  rollout: Rollout,
  options: PpoOptions,
  random: Random,
  breathe: () => Promise<void>,
): Promise<Learned> {
  const { observations, actions, logProbabilities, count } = rollout;
  const width = parameters.policy[0]!.inputs;
  const arrays = arraysOf(parameters);
  const shapes = [...parameters.policy, ...parameters.value].flatMap(({ inputs, outputs }) => [
    [inputs, outputs],
    [outputs],
  ]);
  shapes.push([1]);
  const variables = arrays.map((array, i) => tf.variable(tf.tensor(array, shapes[i]!)));
  const layers = parameters.policy.length;
  const forward = (input: Core.Tensor2D, from: number): Core.Tensor1D => {
    let at: Core.Tensor2D = input;
    for (let i = 0; i < layers; i++) {
      at = tf.add(
        tf.matMul(at, variables[from + 2 * i] as Core.Tensor2D),
        variables[from + 2 * i + 1]!,
      ) as Core.Tensor2D;
      if (i < layers - 1) at = tf.tanh(at);
    }
    return tf.reshape(at, [-1]);
  };
  const logStd = variables[variables.length - 1]!;
  try {
    const values = tf.tidy(() =>
      forward(tf.tensor2d(observations.subarray(0, count * width), [count, width]), 2 * layers).dataSync(),
    );
    const { advantages, returns } = estimate(rollout, values as Float32Array, options);
    let policyLoss = 0;
    let valueLoss = 0;
    let clipped = 0;
    let batches = 0;
    for (let epoch = 0; epoch < options.epochs; epoch++) {
      const order = random.order(count);
      for (let start = 0; start + 1 < count; start += options.minibatch) {
        const chosen = order.subarray(start, start + options.minibatch);
        // a remainder too small to say anything
        if (chosen.length < options.minibatch / 4 && start > 0) break;
        const rows = new Float32Array(chosen.length * width);
        chosen.forEach((at, i) => rows.set(observations.subarray(at * width, (at + 1) * width), i * width));
        const take = (from: Float32Array): Float32Array => Float32Array.from(chosen, (at) => from[at]!);
        const advantage = standardised(take(advantages));
        let said: number[] = [];
        const share = 1 / chosen.length;
        const { value, grads } = tf.variableGrads(() => {
          const input = tf.tensor2d(rows, [chosen.length, width]);
          const distance = tf.div(tf.sub(tf.tensor1d(take(actions)), forward(input, 0)), tf.exp(logStd));
          const logProbability = tf.sub(tf.mul(tf.square(distance), -0.5), tf.add(logStd, 0.5 * Math.log(2 * Math.PI)));
          const ratio = tf.exp(tf.sub(logProbability, tf.tensor1d(take(logProbabilities))));
          const gain = tf.tensor1d(advantage);
          const bounded = tf.clipByValue(ratio, 1 - options.clip, 1 + options.clip);
          const objective = tf.mul(tf.sum(tf.minimum(tf.mul(ratio, gain), tf.mul(bounded, gain))), share);
          const misses = tf.square(tf.sub(forward(input, 2 * layers), tf.tensor1d(take(returns))));
          const error = tf.mul(tf.sum(misses), share);
          const outside = (ratio.dataSync() as Float32Array).filter((x) => Math.abs(x - 1) > options.clip).length;
          said = [-objective.dataSync()[0]!, error.dataSync()[0]!, outside * share];
          const entropy = tf.mul(tf.sum(logStd), options.entropy);
          return tf.sub(tf.sub(tf.mul(error, 0.5), objective), entropy) as Core.Scalar;
        }, variables);
        value.dispose();
        const gradients = variables.map((variable) => grads[variable.name]!.dataSync() as Float32Array);
        tf.dispose(grads);
        adam(arrays, gradients, moments, options);
        variables.forEach((variable, i) => {
          const next = tf.tensor(arrays[i]!, shapes[i]!);
          variable.assign(next);
          next.dispose();
        });
        policyLoss += said[0]!;
        valueLoss += said[1]!;
        clipped += said[2]!;
        batches++;
      }
      await breathe();
    }
    const n = Math.max(1, batches);
    return { policyLoss: policyLoss / n, valueLoss: valueLoss / n, clipped: clipped / n };
  } finally {
    variables.forEach((variable) => variable.dispose());
  }
}

/** Generalised advantage estimation; nothing is earned after the end of a session. */
export function estimate(
  { rewards, last, count }: Pick<Rollout, 'rewards' | 'last' | 'count'>,
  values: Float32Array,
  { gamma, lambda }: Pick<PpoOptions, 'gamma' | 'lambda'>,
): { advantages: Float32Array; returns: Float32Array } {
  const advantages = new Float32Array(count);
  const returns = new Float32Array(count);
  let running = 0;
  for (let t = count - 1; t >= 0; t--) {
    const end = last[t] === 1;
    const next = end ? 0 : values[t + 1]!;
    running = rewards[t]! + gamma * next - values[t]! + (end ? 0 : gamma * lambda * running);
    advantages[t] = running;
    returns[t] = running + values[t]!;
  }
  return { advantages, returns };
}

function standardised(numbers: Float32Array): Float32Array {
  const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const variance = numbers.reduce((a, b) => a + (b - mean) ** 2, 0) / numbers.length;
  return numbers.map((x) => (x - mean) / (Math.sqrt(variance) + 1e-8));
}

function adam(
  arrays: readonly Float32Array[],
  gradients: readonly Float32Array[],
  moments: Moments,
  { learningRate, maxGradient }: PpoOptions,
): void {
  let square = 0;
  for (const gradient of gradients) for (let i = 0; i < gradient.length; i++) square += gradient[i]! ** 2;
  const length = Math.sqrt(square);
  const shorten = length > maxGradient ? maxGradient / length : 1;
  moments.count++;
  const rate = (learningRate * Math.sqrt(1 - BETA2 ** moments.count)) / (1 - BETA1 ** moments.count);
  arrays.forEach((array, k) => {
    const [gradient, first, second] = [gradients[k]!, moments.first[k]!, moments.second[k]!];
    for (let i = 0; i < array.length; i++) {
      const g = gradient[i]! * shorten;
      first[i] = BETA1 * first[i]! + (1 - BETA1) * g;
      second[i] = BETA2 * second[i]! + (1 - BETA2) * g * g;
      array[i]! -= (rate * first[i]!) / (Math.sqrt(second[i]!) + EPSILON);
    }
  });
}

/** For messages and tests: how many numbers a set of layers holds. */
export function sizeOf(layers: readonly Layer[]): number {
  return layers.reduce((sum, { weights, biases }) => sum + weights.length + biases.length, 0);
}
