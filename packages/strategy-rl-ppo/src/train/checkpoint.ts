import { SignalboxError, canonicalJson, sha256 } from '@signalbox/core';
import type { Moments } from './learner.js';
import { arraysOf, type Parameters } from './parameters.js';

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
  /** Hexadecimal floats, in the order of the learned arrays: now, Adam's two, the best. */
  readonly arrays: readonly string[];
}

/** Names the task: options, seed, features and bars. A checkpoint of another one is refused. */
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
export function readCheckpoint(bytes: Uint8Array, task: string, fresh: () => Checkpoint): Checkpoint {
  let saved: Saved;
  try {
    saved = JSON.parse(new TextDecoder().decode(bytes)) as Saved;
  } catch {
    throw refused('it is not complete');
  }
  if (saved?.task !== task) throw refused('it is of another training (other options, seed, features or bars)');
  const made = fresh();
  const best = fresh().parameters;
  const lists = [arraysOf(made.parameters), made.moments.first, made.moments.second, arraysOf(best)];
  lists.forEach((list, k) => {
    const parts = String(saved.arrays?.[k]).split(',');
    list.forEach((array, i) => fill(array, parts[i] ?? ''));
  });
  made.moments.count = saved.count;
  return {
    ...made,
    iteration: saved.iteration,
    random: saved.random,
    best: { parameters: best, iteration: saved.bestIteration, bound: saved.bestBound },
  };
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
  }
}

function refused(what: string): SignalboxError {
  return new SignalboxError(
    'PARAMETER_INVALID',
    `The checkpoint cannot be resumed: ${what}.`,
    'Resume with the same options, seed and data, or train without --resume.',
  );
}
