import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isSignalboxError, SignalboxError, type Bar, type TrainingRequest } from '@signalbox/core';
import type { Pool } from 'pg';
import { loadConfig, type Config } from '../config/config.js';
import { runBacktest, type BacktestOptions } from '../inference/backtest.js';
import { migrateFeatures } from '../inference/feature-migration.js';
import { openPlan, type Plan } from '../inference/plan.js';
import { readStoredTraining } from '../inference/stored-training.js';
import { readTrainingCheckpoint, writeTrainingCheckpoint } from '../inference/training-checkpoint.js';
import { ModelRegistry } from '../models/registry.js';
import { discover } from '../plugins/discover.js';
import { findTrainer } from '../plugins/trainers.js';
import { pluginTransforms } from '../plugins/transforms.js';
import { openArtifacts } from '../stores/artifacts/open.js';
import { noteParts, noteRun, type Attempt, type JobRecord } from '../stores/postgres/jobs.js';
import type { BacktestParameters, SweepParameters, TrainParameters } from './parameters.js';
import { runSweep, type Trial } from './sweep.js';

/** How far a job is; read once a second and written down. */
export interface Standing {
  progress: number;
  note: string | null;
}

export interface Work {
  readonly pool: Pool;
  readonly projectDir: string;
  readonly world: 'market' | 'simulated';
  readonly job: JobRecord;
  readonly mine: Attempt;
  readonly signal: AbortSignal;
  readonly standing: Standing;
}

/** Does what a job asks for. @returns its result */
export async function work(on: Work): Promise<object> {
  const config = loadConfig(on.projectDir, process.env);
  const transforms = await pluginTransforms(config.projectDir, config.plugins);
  const plan = openPlan(config.instruments[0], config.features, transforms);
  if (on.job.kind === 'features') {
    const done = await migrateFeatures(on.pool, plan, {
      signal: on.signal,
      onProgress: (n, total) => (on.standing.progress = n / Math.max(1, total)),
    });
    return { feature_hash: plan.featureHash, ...done };
  }
  if (on.job.kind === 'train') return train(on, config, plan);
  const options = await backtestOptions(on, config, plan);
  if (on.job.kind === 'sweep') {
    const { strategy, grid, from, to, name, keep } = on.job.parameters as SweepParameters;
    const report = await runSweep({
      ...options,
      strategy,
      grid: grid as Record<string, unknown[]>,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(name === undefined ? {} : { name }),
      ...(keep === undefined ? {} : { keep }),
      finished: (on.job.finishedParts as Trial[] | null) ?? [],
      onTrial: (finished) => still(noteParts(on.pool, on.mine, finished)),
      onProgress: (progress, note) => Object.assign(on.standing, { progress, note }),
    });
    return report;
  }
  const { strategies, from, to, name, parameters } = on.job.parameters as BacktestParameters;
  return runBacktest({
    ...options,
    ...(strategies === undefined ? {} : { strategies }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(name === undefined ? {} : { name }),
    ...(parameters === undefined ? {} : { parameters }),
    onProgress: (done, total) => (on.standing.progress = done / Math.max(1, total)),
  });
}

async function backtestOptions(on: Work, config: Config, plan: Plan) {
  return {
    pool: on.pool,
    world: on.world,
    plan,
    discovered: await discover(config.projectDir, config.plugins),
    allowSimulatedModels: config.allowSimulatedModels,
    artifacts: await openArtifacts(config.projectDir, config.artifacts),
    beginnings: config.strategies,
    now: Date.now(),
    signal: on.signal,
    onRun: (runId: string) => still(noteRun(on.pool, on.mine, runId)),
  } satisfies BacktestOptions;
}

/** Ends what is under way when another attempt has taken over. */
async function still(noted: Promise<boolean>): Promise<void> {
  if (!(await noted))
    throw new SignalboxError('RUN_UNKNOWN', 'another worker has this job now', 'Nothing of this attempt was kept.');
}

/** Trains on the stored bars; the model becomes a version of its strategy, which somebody may promote. */
async function train(on: Work, config: Config, plan: Plan): Promise<object> {
  const { pool, projectDir, world, job, signal, standing } = on;
  const { strategy, seed = 1, options = {} } = job.parameters as TrainParameters;
  const { trainer } = await findTrainer(projectDir, config.plugins, strategy);
  const folder = join(projectDir, '.signalbox', 'jobs', job.id);
  const checkpoint = join(folder, 'checkpoint.json');
  await mkdir(folder, { recursive: true });
  const stored = await readStoredTraining(pool, plan);
  // of an earlier attempt on this host; on another one it begins anew
  const before = await readTrainingCheckpoint(checkpoint).catch(() => undefined);
  const request: TrainingRequest = {
    instrument: plan.instrument,
    calendar: plan.calendar,
    features: plan.features,
    ...stored,
    world,
    source: { kind: 'database' },
    seed,
    options,
    signal,
    onProgress: ({ done, total, text }) =>
      Object.assign(standing, { progress: done / Math.max(1, total), note: text ?? null }),
  };
  const upTo = (bars: readonly Bar[], resume?: Uint8Array) =>
    trainer.train({
      ...request,
      bars,
      ...(resume ? { resume } : {}),
      onCheckpoint: (bytes) => writeTrainingCheckpoint(checkpoint, { lastBar: bars.at(-1)!.time, bytes }),
    });
  // bars that came in since the attempt before are not of this training
  let bars = before ? stored.bars.filter(({ time }) => time <= before.lastBar) : stored.bars;
  const trained = await (before && bars.length > 0 ? upTo(bars, before.bytes) : upTo((bars = stored.bars))).catch(
    (error: unknown) => {
      // what it was trained on has changed: no attempt could ever go on from it
      if (before && isSignalboxError(error) && error.code === 'PARAMETER_INVALID') return upTo((bars = stored.bars));
      throw error;
    },
  );
  const registry = new ModelRegistry({
    artifacts: await openArtifacts(projectDir, config.artifacts),
    pool,
    world,
    allowSimulatedModels: config.allowSimulatedModels,
    features: plan.features,
    instrument: plan.instrument,
    installed: (await discover(projectDir, config.plugins)).flatMap((found) =>
      'strategy' in found ? [found.strategy] : [],
    ),
  });
  // the same bytes are the same version: a repeated end of training adds no second one
  const { version } = await registry.add(strategy, trained.model, trained.manifest);
  await rm(folder, { recursive: true, force: true });
  return { strategy, version, bars: bars.length, world, metrics: trained.metrics, summary: trained.summary };
}
