/** How PPO trains (Schulman et al., 2017, https://arxiv.org/abs/1707.06347). */
export interface PpoOptions {
  /** Rounds of playing and learning. */
  readonly iterations: number;
  /** Sessions played in each. */
  readonly sessionsPerIteration: number;
  /** Times that each round's decisions are learned from. */
  readonly epochs: number;
  readonly minibatch: number;
  readonly learningRate: number;
  /** Discount of a reward one bar later. */
  readonly gamma: number;
  /** Of generalised advantage estimation (https://arxiv.org/abs/1506.02438). */
  readonly lambda: number;
  /** How far the probability of an action may move in one round. */
  readonly clip: number;
  /** Weight of the entropy. */
  readonly entropy: number;
  /** Widths of the hidden layers, of policy and of value alike. */
  readonly hidden: readonly number[];
  /** Logarithm of the exploration's standard deviation at the start. */
  readonly logStd: number;
  /** Gradients longer than this are shortened. */
  readonly maxGradient: number;
  /** Actions smaller than this are flat. */
  readonly threshold: number;
  /** Iterations between two looks at the validation sessions. */
  readonly validateEvery: number;
}

export const DEFAULT_OPTIONS: PpoOptions = Object.freeze({
  iterations: 120,
  sessionsPerIteration: 48,
  epochs: 6,
  minibatch: 256,
  learningRate: 5e-4,
  gamma: 0.97,
  lambda: 0.92,
  clip: 0.2,
  entropy: 0,
  hidden: [64, 64],
  logStd: -0.7,
  maxGradient: 0.5,
  threshold: 0.1,
  validateEvery: 5,
});
