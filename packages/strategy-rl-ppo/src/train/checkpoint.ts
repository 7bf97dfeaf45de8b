import { SignalboxError, canonicalJson, sha256 } from '@signalbox/core';
import type { Moments } from './learner.js';
import { arraysOf, type Parameters } from './parameters.js';
import type { Tape } from '../tape.js';

declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new () => { decode(bytes: Uint8Array): string };

/** Everything that training goes on from; what comes after it is the same as without a stop, to the bit. */
export interface Checkpoint {
  readonly iteration: number;
  readonly random: number;
  readonly parameters: Parameters;
  readonly moments: Moments;
  /** The parameters that did best on the validation sessions, and how well. */
  readonly best: { readonly parameters: Parameters; readonly iteration: number; readonly bound: number };
}

interface Saved {
  readonly task: string;
  readonly iteration: number;
  readonly random: number;
  readonly count: number;
  readonly bestIteration: number;
  readonly bestBound: number;
  /** Floats as hexadecimal digits, in the order of the learned arrays: now, Adam's two, the best. */
  readonly arrays: readonly string[];
}

/** All that a training sees of its market: bars, features (and so the macro values in them), costs and the order of sessions. */
export function digestOf(tape: Tape): string {
  const bars = Float64Array.from(
    tape.bars.flatMap(({ time, open, high, low, close, volume }) => [time, open, high, low, close, volume]),
  );
  const slots = Float64Array.from(tape.slots.flatMap(({ index, ordinal, last }) => [index, ordinal, last ? 1 : 0]));
  const arrays = [bars, slots, tape.values, tape.status, tape.atr14, tape.volatilityRank, tape.costBps, tape.quality];
  const facts = {
    instrument: tape.instrument,
    slotMs: tape.slotMs,
    slotsPerSession: tape.slotsPerSession,
    firstCostBps: tape.firstCostBps,
    names: tape.names,
    sessions: tape.sessions,
  };
  return taskOf({ facts, arrays: arrays.map((array) => sha256(bytesOf(array))) });
}

/** Little-endian whatever the machine, and one NaN: a checkpoint may move. */
function bytesOf(array: Float64Array | Uint8Array): Uint8Array {
  if (array instanceof Uint8Array) return array;
  const view = new DataView(new ArrayBuffer(8 * array.length));
  array.forEach((x, i) => view.setFloat64(8 * i, Number.isNaN(x) ? NaN : x, true));
  return new Uint8Array(view.buffer);
}

/** Names the task: options, seed, features and market. A checkpoint of another one is refused. */
export function taskOf(facts: object): string {
  return sha256(new TextEncoder().encode(canonicalJson(facts)));
}

export function writeCheckpoint(
  task: string,
  { iteration, random, parameters, moments, best }: Checkpoint,
): Uint8Array {
  const lists = [arraysOf(parameters), moments.first, moments.second, arraysOf(best.parameters)];
  const saved: Saved = {
    task,
    iteration,
    random,
    count: moments.count,
    bestIteration: best.iteration,
    bestBound: best.bound,
    arrays: lists.map((list) => list.map(hexOf).join(',')),
  };
  return new TextEncoder().encode(`${JSON.stringify(saved)}\n`);
}

/**
 * @throws SignalboxError PARAMETER_INVALID for a file that is none, or one of another training
 */
export function readCheckpoint(
  bytes: Uint8Array,
  task: string,
  iterations: number,
  fresh: () => Checkpoint,
): Checkpoint {
  const made = fresh();
  const arrays = arraysOf(made.parameters);
  const numbers = arrays.reduce((sum, { length }) => sum + length, 0);
  // four lists of eight digits each, commas, and what stands around them
  if (bytes.length > 4 * (8 * numbers + arrays.length) + 2_000) throw refused('it is longer than one of this training');
  let saved: Partial<Saved> | null;
  try {
    saved = JSON.parse(new TextDecoder().decode(bytes)) as Saved | null;
  } catch {
    throw refused('it is not complete');
  }
  if (typeof saved !== 'object' || saved === null) throw refused('it is no checkpoint');
  if (saved.task !== task) throw refused('it is of another training (other options, seed, features or bars)');
  const iteration = whole(saved.iteration, 'iteration', 1, iterations);
  const bestIteration = whole(saved.bestIteration, 'bestIteration', 0, iteration);
  const count = whole(saved.count, 'count', 0, Number.MAX_SAFE_INTEGER);
  const random = whole(saved.random, 'random', -(2 ** 31), 2 ** 31 - 1);
  const bound = saved.bestBound;
  if (typeof bound !== 'number' || !Number.isFinite(bound) || bound < 0) throw refused('bestBound is no number from 0');
  const best = fresh().parameters;
  const lists = [arrays, made.moments.first, made.moments.second, arraysOf(best)];
  const texts: unknown = saved.arrays;
  if (!Array.isArray(texts) || texts.length !== lists.length) throw refused('it has not its four lists of numbers');
  lists.forEach((list, k) => {
    const parts = String(texts[k]).split(',');
    if (parts.length !== list.length) throw refused('its numbers are of another size');
    list.forEach((array, i) => fill(array, parts[i]!));
  });
  made.moments.count = count;
  return { ...made, iteration, random, best: { parameters: best, iteration: bestIteration, bound } };
}

function whole(value: unknown, name: string, least: number, most: number): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
    throw refused(`${name} is no whole number from ${least} to ${most}`);
  return value as number;
}

function hexOf(array: Float32Array): string {
  const view = new DataView(new ArrayBuffer(4));
  let text = '';
  for (const value of array) {
    view.setFloat32(0, value);
    text += view.getUint32(0).toString(16).padStart(8, '0');
  }
  return text;
}

function fill(array: Float32Array, text: string): void {
  if (text.length !== 8 * array.length || !/^[0-9a-f]*$/.test(text)) throw refused('its numbers are of another size');
  const view = new DataView(new ArrayBuffer(4));
  for (let i = 0; i < array.length; i++) {
    view.setUint32(0, Number.parseInt(text.slice(8 * i, 8 * i + 8), 16));
    array[i] = view.getFloat32(0);
    if (!Number.isFinite(array[i])) throw refused('one of its numbers is not finite');
  }
}

function refused(what: string): SignalboxError {
  return new SignalboxError(
    'PARAMETER_INVALID',
    `The checkpoint cannot be resumed: ${what}.`,
    'Resume with the same options, seed and data, or train without --resume.',
  );
}
