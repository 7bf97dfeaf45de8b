import { SignalboxError, StrategyUnavailable, type Maybe } from '@signalbox/core';
import { loadNetwork, readOnnx } from '@signalbox/onnx';
import { importOptional } from './optional.js';

/** A policy ready to be asked; the array that it gives is reused for every row. */
export interface Policy {
  readonly runtime: string;
  readonly outputs: number;
  predict(row: Float64Array): Maybe<ArrayLike<number>>;
  close?(): Promise<void>;
}

export type Runtime = 'auto' | 'onnxruntime-node' | 'builtin';

/** What is used of onnxruntime-node. */
export interface OnnxRuntime {
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => object;
  readonly InferenceSession: {
    create(bytes: Uint8Array, options: object): Promise<OrtSession>;
  };
}
interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(
    feeds: Readonly<Record<string, object>>,
    fetches?: readonly string[],
  ): Promise<Readonly<Record<string, { readonly data: ArrayLike<number | bigint>; readonly dims: readonly number[] }>>>;
  release(): Promise<void>;
}

/** onnxruntime-node where it is installed beside this package; null where it is not. */
export async function findOnnxRuntime(): Promise<OnnxRuntime | null> {
  try {
    const found = (await importOptional('onnxruntime-node')) as (OnnxRuntime & { default?: OnnxRuntime }) | null;
    return found === null || found.InferenceSession ? found : (found.default ?? null);
  } catch (error) {
    // installed and broken: say so, do not go another way in silence
    throw new StrategyUnavailable(
      `onnxruntime-node is installed and does not load: ${error instanceof Error ? error.message : String(error)}`,
      'Install it again, or set "runtime": "builtin" for plain networks.',
    );
  }
}

/** The policy by this project's own evaluator: plain networks only, synchronous. */
export function builtinPolicy(bytes: Uint8Array, inputs: number): Policy {
  const network = loadNetwork(bytes);
  checkInputs(network.inputs, inputs);
  const out = new Float64Array(network.outputs);
  return { runtime: 'builtin', outputs: network.outputs, predict: (row) => network.predict(row, out) };
}

/** The policy by onnxruntime-node: any operator, one thread. */
export async function runtimePolicy(bytes: Uint8Array, inputs: number, runtime: OnnxRuntime): Promise<Policy> {
  // the runtime would follow a name of another file, which no sha256 covers: such a model is refused here, in subgraphs too
  readOnnx(bytes);
  let session: OrtSession;
  try {
    session = await runtime.InferenceSession.create(bytes, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw new SignalboxError(
      'MODEL_MALFORMED',
      `onnxruntime-node does not load the model: ${error instanceof Error ? error.message : String(error)}`,
      'Export the model again; it must be one file.',
    );
  }
  const [input, output] = [session.inputNames[0]!, session.outputNames[0]!];
  if (session.inputNames.length !== 1)
    throw new SignalboxError(
      'MODEL_UNSUPPORTED',
      `The policy has the inputs ${session.inputNames.join(', ')}.`,
      'Export it with one input: a batch of feature rows.',
    );
  const row = new Float32Array(inputs);
  const feeds = { [input]: new runtime.Tensor('float32', row, [1, inputs]) };
  const ask = async (given: Float64Array): Promise<ArrayLike<number>> => {
    row.set(given);
    const { data } = (await session.run(feeds, [output]))[output]!;
    return data as ArrayLike<number>;
  };
  let outputs: number;
  try {
    outputs = (await ask(new Float64Array(inputs))).length;
  } catch (error) {
    await session.release();
    throw new SignalboxError(
      'MODEL_FEATURE_MISMATCH',
      `The policy does not take rows of ${inputs} features: ${error instanceof Error ? error.message : String(error)}`,
      'Give the features that the model was trained on, in order.',
    );
  }
  return { runtime: 'onnxruntime-node', outputs, predict: ask, close: () => session.release() };
}

/** By the runtime that the configuration names; `auto` takes onnxruntime-node where it is installed. */
export async function openPolicy(bytes: Uint8Array, inputs: number, runtime: Runtime): Promise<Policy> {
  if (runtime === 'builtin') return builtinPolicy(bytes, inputs);
  const found = await findOnnxRuntime();
  if (found) return runtimePolicy(bytes, inputs, found);
  if (runtime === 'onnxruntime-node')
    throw new StrategyUnavailable(
      'RL_PPO is configured for onnxruntime-node, which is not installed.',
      'npm install onnxruntime-node, or set "runtime": "auto".',
    );
  return builtinPolicy(bytes, inputs);
}

function checkInputs(found: number, wanted: number): void {
  if (found !== wanted)
    throw new SignalboxError(
      'MODEL_FEATURE_MISMATCH',
      `The policy takes ${found} numbers and its manifest names ${wanted} features.`,
      'Put model and manifest of one training run beside each other.',
    );
}
