import {
  DEFAULT_RULES,
  sha256,
  SignalboxError,
  type AnyStrategy,
  type FeatureDefinition,
  type Trainer,
  type TrainingRequest,
  type TrainingResult,
} from '@signalbox/core';
import { writeOnnx } from '@signalbox/onnx';
import { FEATURES } from '../features.js';
import { builtinPolicy } from '../policy.js';
import { rlPpo } from '../strategy.js';
import { Player } from '../tape.js';
import { digestOf, taskOf } from './checkpoint.js';
import { baselines, evaluate } from './evaluate.js';
import { goldenRows, goldenTrajectories } from './golden.js';
import { normaliserOf, usualOf } from './normaliser.js';
import { policyModel } from './network.js';
import { DEFAULT_OPTIONS, type PpoOptions } from './options.js';
import { actOf, trainPpo } from './ppo.js';
import { requireComplete } from './complete.js';
import { recordTape } from './record.js';
import { EMBARGO, splitSessions } from './split.js';
import { findTensorFlow } from './tensorflow.js';

export { DEFAULT_OPTIONS, type PpoOptions } from './options.js';

const INITIAL_EQUITY = 100_000;

/**
 * Trains a PPO policy by TensorFlow.js over core's own step: fills, stops, costs, sizes and the features of its own position are those of
 * backtest and live run. The same seed on the same backend gives the same policy, stopped and resumed or not.
 */
const trainer: Trainer = {
  code: 'RL_PPO',
  extension: 'onnx',
  async train(request: TrainingRequest): Promise<TrainingResult> {
    const options = optionsOf(request.options);
    const tensorflow = await findTensorFlow();
    const strategy = rlPpo as unknown as AnyStrategy;
    const { features } = request;
    for (const name of FEATURES)
      if (!features.hashes[name])
        throw new SignalboxError(
          'FEATURE_UNKNOWN',
          `RL_PPO needs the feature ${name}, which the feature file does not define.`,
          'Use the default feature file, or add the feature.',
        );
    const definitions = features.positionNames.map(
      (name) => ({ ...features.definitions[name], name }) as unknown as FeatureDefinition,
    );
    const all = recordTape(request);
    const wanted = FEATURES.filter((name) => !features.positionNames.includes(name));
    const tape = {
      ...all,
      names: wanted,
      values: columns(all.values, all.names, wanted, Float64Array),
      status: columns(all.status, all.names, wanted, Uint8Array),
    };
    const split = splitSessions(tape.sessions.length - 1);
    requireComplete(tape, split);
    const player = new Player(tape, strategy, definitions, DEFAULT_RULES, INITIAL_EQUITY);
    const usual = usualOf(tape, FEATURES, split.training);
    const normaliser = normaliserOf(usual);
    const name = taskOf({
      options,
      seed: request.seed,
      backend: tensorflow.name,
      hashes: FEATURES.map((feature) => features.hashes[feature]),
      tape: digestOf(tape),
    });
    const trained = await trainPpo(tensorflow, {
      player,
      inputs: FEATURES.length,
      normaliser,
      training: split.training,
      validation: split.validation,
      options,
      seed: request.seed,
      name,
      resume: request.resume,
      signal: request.signal,
      onIteration: async (progress, checkpoint) => {
        const validation = progress.validation_bps === null ? '' : ` · validation ${bps(progress.validation_bps)}`;
        request.onProgress?.({
          done: progress.iteration,
          total: progress.iterations,
          text: `reward ${bps(progress.reward_bps)} a session${validation}`,
        });
        // a round takes seconds, writing what it left milliseconds: at most the round under way is lost
        await request.onCheckpoint?.(checkpoint());
      },
    });

    const model = writeOnnx(
      policyModel(
        trained.policy,
        normaliser,
        new Map([
          ['trained_on', request.world],
          ['seed', String(request.seed)],
        ]),
      ),
    );
    const learned = evaluate(player, split.held, actOf(trained.policy, normaliser, options.threshold));
    const others = await baselines(player, split.held, learned);
    const { earned: _, ...held } = learned;
    const golden = goldenRows(
      tensorflow.tf,
      player,
      split.held,
      builtinPolicy(model, FEATURES.length),
      options.threshold,
      trained.policy,
      normaliser,
    );
    const session = (n: number): string => tape.slots[tape.sessions[n]!]!.session;
    const window = (list: readonly number[]) => ({
      from: session(list[0]!),
      to: session(list.at(-1)!),
      sessions: list.length,
    });
    const metrics = {
      note:
        request.world === 'simulated'
          ? 'Measured in a simulated world with a planted edge; says nothing of any real market.'
          : 'Paper results after costs on sessions that were held back.',
      held,
      baselines: others,
      kept_iteration: trained.bestIteration,
    };
    const manifest = {
      sha256: sha256(model),
      bytes: model.length,
      framework: { name: 'tensorflow.js', version: tensorflow.version, backend: tensorflow.name },
      features: FEATURES.map((feature, k) => ({
        name: feature,
        hash: features.hashes[feature],
        definition: features.definitions[feature],
        mean: usual[k]!.mean,
        sd: usual[k]!.sd,
      })),
      label: 'reward: change of the paper account from bar to bar, fills and costs included',
      horizon_bars: 1,
      split: {
        by: 'session',
        embargo_sessions: EMBARGO,
        training: window(split.training),
        validation: window(split.validation),
        held: window(split.held),
      },
      purge_bars: 0,
      training_window: { from: session(split.training[0]!), to: session(split.training.at(-1)!) },
      trained_on: request.world,
      share_close_only: request.bars.filter((bar) => bar.high === bar.low).length / Math.max(1, request.bars.length),
      source: request.source,
      trainer: { seed: request.seed, ...options },
      metrics,
      action_semantics: 'target_position',
      output: { kind: 'action' },
      golden,
      golden_trajectories: goldenTrajectories(
        player,
        split.held,
        model,
        FEATURES.length,
        options.threshold,
        definitions,
        strategy,
      ),
    };
    const line = (who: string, it: { mean_bps: number; standard_error_bps: number; entries: number }): string =>
      `  ${who.padEnd(9)} ${bps(it.mean_bps).padStart(9)} ± ${it.standard_error_bps.toFixed(2)} a session, ${it.entries} entries`;
    const summary = [
      `held sessions ${session(split.held[0]!)} to ${session(split.held.at(-1)!)} (${split.held.length}), after costs:`,
      line('RL_PPO', held),
      ...Object.entries(others).map(([who, it]) => line(who, it)),
      ...(trained.bestIteration === 0
        ? ['No policy was better than doing nothing on the validation sessions: this one does nothing.']
        : []),
    ].join('\n');
    return { model, manifest, metrics, summary };
  },
};
export default trainer;

function bps(x: number): string {
  return `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(2)} bp`;
}

function columns<A extends Float64Array | Uint8Array>(
  from: A,
  names: readonly string[],
  wanted: readonly string[],
  Kind: new (length: number) => A,
): A {
  const rows = from.length / names.length;
  const out = new Kind(rows * wanted.length);
  const at = wanted.map((name) => names.indexOf(name));
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < at.length; k++) out[i * at.length + k] = from[i * names.length + at[k]!]!;
  return out;
}

/** @throws SignalboxError PARAMETER_INVALID naming an option that is none, or out of bounds */
function optionsOf(given: Readonly<Record<string, unknown>>): PpoOptions {
  const bounds: Readonly<Record<string, readonly [number, number, 'whole' | 'any']>> = {
    iterations: [1, 100_000, 'whole'],
    sessionsPerIteration: [1, 10_000, 'whole'],
    epochs: [1, 100, 'whole'],
    minibatch: [8, 65_536, 'whole'],
    learningRate: [1e-7, 1, 'any'],
    gamma: [0, 1, 'any'],
    lambda: [0, 1, 'any'],
    clip: [0.01, 1, 'any'],
    entropy: [0, 1, 'any'],
    logStd: [-5, 2, 'any'],
    maxGradient: [1e-3, 1e3, 'any'],
    threshold: [1e-6, 1, 'any'],
    validateEvery: [1, 100_000, 'whole'],
  };
  const fail = (what: string): never => {
    throw new SignalboxError(
      'PARAMETER_INVALID',
      `training of RL_PPO: ${what}`,
      `Options: ${[...Object.keys(bounds), 'hidden'].join(', ')}.`,
    );
  };
  for (const [key, value] of Object.entries(given)) {
    if (key === 'hidden') {
      const widths = value as number[];
      if (
        !Array.isArray(widths) ||
        widths.length > 8 ||
        widths.some((w) => !(Number.isInteger(w) && w >= 1 && w <= 4096))
      )
        fail(`hidden is no list of widths`);
      continue;
    }
    const bound = Object.hasOwn(bounds, key) ? bounds[key] : undefined;
    if (!bound) return fail(`there is no option ${key}`);
    const [low, high, kind] = bound;
    if (typeof value !== 'number' || !(value >= low && value <= high) || (kind === 'whole' && !Number.isInteger(value)))
      fail(`${key} is ${String(value)}, allowed is ${low} to ${high}`);
  }
  return { ...DEFAULT_OPTIONS, ...given } as PpoOptions;
}
