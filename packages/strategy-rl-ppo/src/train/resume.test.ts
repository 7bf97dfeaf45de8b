/// <reference types="node" />
import { describe, expect, it } from 'vitest';
import { Player } from '../tape.js';
import { digestOf } from './checkpoint.js';
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

  it('a checkpoint that is another’s, cut off or not what one can be is refused as PARAMETER_INVALID, by what is wrong', async () => {
    const tensorflow = await findTensorFlow();
    const checkpoints: Uint8Array[] = [];
    const options = { ...task().options, iterations: 1 };
    await trainPpo(tensorflow, { ...task(), options, onIteration: (_, it) => void checkpoints.push(it()) });
    const text = new TextDecoder().decode(checkpoints[0]);
    const saved = JSON.parse(text) as { arrays: string[] };
    const [first, ...others] = saved.arrays as [string, ...string[]];
    const refused = async (change: object | string, name = 'resume') => {
      const resume = new TextEncoder().encode(
        typeof change === 'string' ? change : JSON.stringify({ ...saved, ...change }),
      );
      const error = await trainPpo(tensorflow, { ...task(), options, name, resume }).catch((e: unknown) => e);
      expect(error, JSON.stringify(change).slice(0, 80)).toMatchObject({ code: 'PARAMETER_INVALID' });
      return (error as Error).message;
    };
    expect(await refused({}, 'other')).toContain('of another training');
    expect(await refused(text.slice(0, 100))).toContain('not complete');
    for (const value of ['null', '7', '[]', '"text"']) await refused(value);
    expect(await refused(text + ' '.repeat(text.length))).toContain('longer');
    for (const iteration of [0, -1, 2, 0.5, '1', null]) expect(await refused({ iteration })).toContain('iteration');
    for (const count of [-1, 1e300, '1', undefined]) expect(await refused({ count })).toContain('count');
    for (const random of [2 ** 31, 0.5, null]) expect(await refused({ random })).toContain('random');
    for (const bestBound of [null, -1, 'x']) expect(await refused({ bestBound })).toContain('bestBound');
    expect(await refused({ bestIteration: 2 })).toContain('bestIteration');
    for (const arrays of [null, [], 'x', others, [first, first, first]])
      expect(await refused({ arrays })).toContain('four lists');
    for (const list of [null, '', first.slice(8), first.slice(0, -1), `${first},00000000`, first.replaceAll(',', '')])
      expect(await refused({ arrays: [list, ...others] })).toContain('another size');
    for (const digits of ['7fc00000', '7f800000'])
      expect(await refused({ arrays: [digits + first.slice(8), ...others] })).toContain('not finite');
  });
});

describe('a market is named by all that a training sees of it', () => {
  const tape = toyTape({ ...market, sessions: 3 });
  const change = <T extends Float64Array | Uint8Array>(array: T, at: number): T => {
    const copy = array.slice() as T;
    copy[at] = copy[at]! + 1;
    return copy;
  };
  const half = tape.bars.length >> 1;
  const bar = (other: object) => tape.bars.map((it, i) => (i === half ? { ...it, ...other } : it));

  it('the same market has the same name', () => {
    expect(digestOf(toyTape({ ...market, sessions: 3 }))).toBe(digestOf(tape));
  });

  it.each([
    ['one close in the middle', { bars: bar({ close: 4000.01 }) }],
    ['one high', { bars: bar({ high: 4100 }) }],
    ['one feature (a macro value)', { values: change(tape.values, half) }],
    ['one missing feature', { status: change(tape.status, half) }],
    ['one ATR', { atr14: change(tape.atr14, half) }],
    ['one cost', { costBps: change(tape.costBps, half) }],
    ['one suspect price', { quality: change(tape.quality, half) }],
    ['where a session begins', { sessions: tape.sessions.map((at, i) => (i === 1 ? at + 1 : at)) }],
    ['the order of features', { names: ['other'] }],
  ])('%s gives it another', (_, other) => {
    expect(digestOf({ ...tape, ...other })).not.toBe(digestOf(tape));
  });
});
