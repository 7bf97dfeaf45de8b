import { compileNetwork, type Network } from '@signalbox/onnx';
import type { Player } from '../tape.js';
import { targetOpinion } from '../target.js';
import { readCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint.js';
import { evaluate, type Act } from './evaluate.js';
import { learn, newMoments } from './learner.js';
import { policyModel, type Normaliser } from './network.js';
import type { PpoOptions } from './options.js';
import { newParameters, type Layer, type Parameters } from './parameters.js';
import { Random } from './random.js';
import { REWARD_BPS, rollOut } from './rollout.js';
import type { TensorFlow } from './tensorflow.js';

declare const setTimeout: (run: () => void, ms: number) => unknown;

export interface PpoProgress {
  readonly iteration: number;
  readonly iterations: number;
  /** Basis points of the account a session, of the actions that were drawn. */
  readonly reward_bps: number;
  /** Of the policy without exploration, on the validation sessions, when it was last looked at. */
  readonly validation_bps: number | null;
  readonly exploration: number;
}

export interface PpoTask {
  readonly player: Player;
  readonly inputs: number;
  readonly normaliser: Normaliser;
  /** Sessions by number. */
  readonly training: ArrayLike<number>;
  readonly validation: ArrayLike<number>;
  readonly options: PpoOptions;
  readonly seed: number;
  /** Names the task in checkpoints. */
  readonly name: string;
  readonly resume?: Uint8Array | undefined;
  /** Called after each iteration; the bytes are a checkpoint. */
  readonly onIteration?: (progress: PpoProgress, checkpoint: () => Uint8Array) => void | Promise<void>;
  /** Of an AbortController. */
  readonly signal?: { throwIfAborted(): void } | undefined;
}

export interface PpoResult {
  /** Layers of the policy that did best on the validation sessions. */
  readonly policy: readonly Layer[];
  readonly bestIteration: number;
  readonly parameters: Parameters;
}

/**
 * Proximal policy optimisation over core's own step. What is kept is the policy whose lower bound (mean less one standard error) on the
 * validation sessions was highest; the first candidate is the policy that does nothing, so that without an edge nothing is pretended.
 */
export async function trainPpo({ tf }: TensorFlow, task: PpoTask): Promise<PpoResult> {
  const { player, options, normaliser, signal } = task;
  const fresh = (): Checkpoint => {
    const random = new Random(task.seed | 0);
    const make = () => newParameters(task.inputs, options.hidden, options.logStd, new Random(task.seed | 0));
    const parameters = newParameters(task.inputs, options.hidden, options.logStd, random);
    return {
      iteration: 0,
      random: random.state,
      parameters,
      moments: newMoments(parameters),
      best: { parameters: make(), iteration: 0, bound: 0 },
    };
  };
  let state = task.resume ? readCheckpoint(task.resume, task.name, options.iterations, fresh) : fresh();
  const breathe = async (): Promise<void> => {
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    signal?.throwIfAborted();
  };
  let validation: number | null = null;
  while (state.iteration < options.iterations) {
    const random = new Random(state.random);
    const { parameters, moments } = state;
    const rollout = rollOut({
      player,
      sessions: draw(task.training, options.sessionsPerIteration, random),
      mean: networkOf(parameters.policy, normaliser, 'mean'),
      logStd: parameters.logStd[0]!,
      normaliser,
      threshold: options.threshold,
      random,
    });
    await learn(tf, parameters, moments, rollout, options, random, breathe);
    const iteration = state.iteration + 1;
    let { best } = state;
    if (iteration % options.validateEvery === 0 || iteration === options.iterations) {
      const said = evaluate(player, task.validation, actOf(parameters.policy, normaliser, options.threshold));
      validation = said.mean_bps;
      const bound = said.mean_bps - said.standard_error_bps;
      if (said.entries > 0 && bound > best.bound) best = { parameters: copyOf(parameters), iteration, bound };
    }
    state = { iteration, random: random.state, parameters, moments, best };
    const sessions = rollout.last.reduce((sum, x) => sum + x, 0);
    const now = state;
    await task.onIteration?.(
      {
        iteration,
        iterations: options.iterations,
        reward_bps: (rollout.rewards.reduce((sum, x) => sum + x, 0) * REWARD_BPS) / Math.max(1, sessions),
        validation_bps: validation,
        exploration: Math.exp(parameters.logStd[0]!),
      },
      () => writeCheckpoint(task.name, now),
    );
    signal?.throwIfAborted();
  }
  return { policy: state.best.parameters.policy, bestIteration: state.best.iteration, parameters: state.parameters };
}

/** The policy as it acts without exploration. */
export function actOf(layers: readonly Layer[], normaliser: Normaliser, threshold: number): Act {
  const network = networkOf(layers, normaliser, 'action');
  const out = new Float64Array(1);
  return ({ vector, position }) => targetOpinion(network.predict(vector, out)[0]!, position, threshold, '');
}
function networkOf(layers: readonly Layer[], normaliser: Normaliser, output: string): Network {
  return compileNetwork(policyModel(layers, normaliser, new Map()), output);
}

/** Different sessions, in random order. */
function draw(sessions: ArrayLike<number>, count: number, random: Random): Int32Array {
  return random
    .order(sessions.length)
    .slice(0, count)
    .map((i) => sessions[i]!);
}

function copyOf({ policy, value, logStd }: Parameters): Parameters {
  const layers = (list: readonly Layer[]): Layer[] =>
    list.map((layer) => ({ ...layer, weights: layer.weights.slice(), biases: layer.biases.slice() }));
  return { policy: layers(policy), value: layers(value), logStd: logStd.slice() };
}
