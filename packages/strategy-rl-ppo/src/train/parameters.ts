import type { Random } from './random.js';

/** One layer's weights [inputs, outputs], row-major, and biases. */
export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Float32Array;
  readonly biases: Float32Array;
}

/** Everything that is learned; the arrays are changed in place. */
export interface Parameters {
  readonly policy: readonly Layer[];
  readonly value: readonly Layer[];
  readonly logStd: Float32Array;
}

/** Random directions with the last layer of the policy near zero: it begins flat. */
export function newParameters(inputs: number, hidden: readonly number[], logStd: number, random: Random): Parameters {
  const layers = (last: number): Layer[] =>
    [...hidden, 1].map((outputs, i) => {
      const width = i === 0 ? inputs : hidden[i - 1]!;
      const scale = (i === hidden.length ? last : Math.SQRT2) / Math.sqrt(width);
      const weights = Float32Array.from({ length: width * outputs }, () => scale * random.normal());
      return { inputs: width, outputs, weights, biases: new Float32Array(outputs) };
    });
  return { policy: layers(0.01), value: layers(1), logStd: Float32Array.of(logStd) };
}

/** The learned arrays in a fixed order. */
export function arraysOf({ policy, value, logStd }: Parameters): Float32Array[] {
  return [...[...policy, ...value].flatMap(({ weights, biases }) => [weights, biases]), logStd];
}
