import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { SignalboxError, type ErrorCode, type Instrument } from '@signalbox/core';
import type { Pool } from 'pg';
import type { ConnectionOptions } from '../stores/postgres/connection.js';
import { connectionOf } from '../stores/postgres/pool.js';
import { featuresAsKnown, type KnownFeatures } from './features-as-known.js';
import type { Plan } from './plan.js';

/** The features of a bar as they were known at each of some market times. @throws STORE_DOWN */
export type AsKnown = (barTime: number, asOf: readonly number[]) => Promise<readonly (KnownFeatures | null)[]>;

/** What the thread is told; plain data. */
export interface ThreadOrder {
  readonly connection: ConnectionOptions;
  readonly projectDir: string;
  readonly plugins: readonly string[];
  readonly instrument: Instrument;
  readonly features: string | null;
  readonly barTime: number;
  readonly asOf: readonly number[];
}

/** What it says; `featureHash` is that of the feature file as it found it. */
export type ThreadAnswer =
  | { readonly featureHash: string; readonly known: readonly (KnownFeatures | null)[] }
  | { readonly code: ErrorCode; readonly message: string; readonly remedy: string };

/** On this thread: it stands still meanwhile. */
export function asKnownHere(pool: () => Pool, plan: Plan): AsKnown {
  return async (barTime, asOf) => {
    const known: (KnownFeatures | null)[] = [];
    for (const time of asOf) known.push(await featuresAsKnown(pool(), plan, barTime, time));
    return known;
  };
}

/**
 * On a thread of its own, which ends with the answer: all bars from the first are run, and the loop that serves goes on. Where
 * the feature file was changed since the host read it, this thread computes by what the host runs with.
 */
export function asKnownApart(options: {
  readonly pool: () => Pool;
  readonly plan: Plan;
  readonly projectDir: string;
  readonly plugins: readonly string[];
  /** The feature file; null for the one that core brings. */
  readonly features: string | null;
  /** The module that the thread runs; that of the built package by default. */
  readonly entry?: string;
}): AsKnown {
  const { pool, plan, projectDir, plugins, features } = options;
  return async (barTime, asOf) => {
    const order: ThreadOrder = {
      connection: connectionOf(pool()),
      projectDir,
      plugins,
      instrument: plan.instrument,
      features,
      barTime,
      asOf,
    };
    const answer = await ask(options.entry ?? threadEntry(), order);
    if ('code' in answer) throw new SignalboxError(answer.code, answer.message, answer.remedy);
    return answer.featureHash === plan.featureHash ? answer.known : asKnownHere(pool, plan)(barTime, asOf);
  };
}

function ask(entry: string, order: ThreadOrder): Promise<ThreadAnswer> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(entry, { workerData: order, name: 'as-known', stdout: false });
    thread.once('message', (answer: ThreadAnswer) => resolve(answer));
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`the thread of as-known ended (exit ${code}) without an answer`)));
  });
}

function threadEntry(): string {
  const manifest = createRequire(import.meta.url).resolve('@signalbox/host/package.json');
  return join(dirname(manifest), 'dist', 'as-known-thread.js');
}
