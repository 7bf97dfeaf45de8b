/// <reference types="node" />
import { describe, expect, it } from 'vitest';
import { Player } from '../tape.js';
import { DEFAULT_OPTIONS } from './options.js';
import { arraysOf } from './parameters.js';
import { trainPpo, type PpoTask } from './ppo.js';
import { findTensorFlow } from './tensorflow.js';
import { NO_LIMITS, POSITIONS, toyStrategy, toyTape } from './toy.fixture.js';

const market = { seed: 5, sessions: 60, driftBps: 10, noiseBps: 10, stay: 0.9, costBps: 12 };
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const task = (): PpoTask => ({
  player: new Player(toyTape(market), toyStrategy, POSITIONS, NO_LIMITS, 1_000_000),
  inputs: 5,
  normaliser: { mean: new Float32Array(5), scale: new Float32Array(5).fill(1) },
  training: range(0, 40),
  validation: range(41, 60),
  options: {
    ...DEFAULT_OPTIONS,
    iterations: 4,
    sessionsPerIteration: 6,
    minibatch: 64,
    epochs: 2,
    hidden: [6],
    validateEvery: 1,
  },
  seed: 3,
  name: 'resume',
});
const bitsOf = (result: Awaited<ReturnType<typeof trainPpo>>) => [
  ...arraysOf(result.parameters),
  ...result.policy.flatMap(({ weights, biases }) => [weights, biases]),
];

describe('training can be stopped', () => {
  it('the same seed gives the same policy, resumed after any round to the bit, another seed another', async () => {
    const tensorflow = await findTensorFlow();
    const checkpoints: Uint8Array[] = [];
    const whole = await trainPpo(tensorflow, {
      ...task(),
      onIteration: (_, checkpoint) => void checkpoints.push(checkpoint()),
    });
    expect(bitsOf(await trainPpo(tensorflow, task()))).toEqual(bitsOf(whole));
    for (const resume of [checkpoints[0]!, checkpoints[2]!])
      expect(bitsOf(await trainPpo(tensorflow, { ...task(), resume }))).toEqual(bitsOf(whole));
    expect(bitsOf(await trainPpo(tensorflow, { ...task(), seed: 4 }))).not.toEqual(bitsOf(whole));
  });

  it('an aborted training rejects, and leaves no promise behind', async () => {
    const stop = new AbortController();
    const training = trainPpo(await findTensorFlow(), {
      ...task(),
      signal: stop.signal,
      onIteration: () => stop.abort(),
    });
    await expect(training).rejects.toMatchObject({ name: 'AbortError' });
  });

  it.each([
    ['cut off', (bytes: Uint8Array) => bytes.subarray(0, 100), 'resume'],
    ['of another training', (bytes: Uint8Array) => bytes, 'other'],
  ])('a checkpoint that is %s is refused as PARAMETER_INVALID', async (_, change, name) => {
    const tensorflow = await findTensorFlow();
    let resume = new Uint8Array();
    await trainPpo(tensorflow, {
      ...task(),
      options: { ...task().options, iterations: 1 },
      onIteration: (_p, checkpoint) => void (resume = change(checkpoint()) as never),
    });
    await expect(trainPpo(tensorflow, { ...task(), name, resume })).rejects.toMatchObject({
      code: 'PARAMETER_INVALID',
    });
  });
});
