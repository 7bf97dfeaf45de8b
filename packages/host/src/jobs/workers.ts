import { fork, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { availableParallelism, constants, hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, type Runner } from 'graphile-worker';
import type { Pool } from 'pg';
import { isSignalboxError } from '@signalbox/core';
import { beginJob, superviseJob, type JobRecord } from '../stores/postgres/jobs.js';
import { connectionOf, storeError } from '../stores/postgres/pool.js';
import { settle, type Exit } from './ending.js';
import { TRY_AGAIN, type ToChild } from './message.js';
import { deliver, enginePool, prepareEngine, TASK } from './queue.js';
import { quiet } from './quiet.js';
import { takeBackLost } from './take-back.js';

export interface WorkersOptions {
  readonly pool: Pool;
  readonly projectDir: string;
  readonly world: 'market' | 'simulated';
  /** Jobs at a time on this host. */
  readonly concurrency: number;
  readonly onError?: (error: unknown) => void;
  /** Hears the last words of a job's process that did not end well: for the log, as they may be anything. */
  readonly onWords?: (job: string, words: string) => void;
  /** The module that a job's process runs; that of the built package by default. */
  readonly entry?: string;
  /** A job whose process is gone is taken over after so long, one that is not heard of after `stalledMs`. */
  readonly deadMs?: number;
  readonly stalledMs?: number;
  readonly sweepMs?: number;
  /** A job that killed its process, or lost its host, so often is given up; 5 by default. */
  readonly maxAttempts?: number;
  /** Of a job's process, −20 to 19; 19 by default: the cycle and the services go first. */
  readonly niceness?: number;
}

export interface Workers {
  /** Jobs that run go back into the queue. */
  stop(): Promise<void>;
}

const MAX_ATTEMPTS = 5;
const STOP_MS = 4_000;
/** Seconds that a cancelled job's process has to end by itself. */
const CANCEL_TICKS = 5;

/** Half of the processors: the others are for the cycle, the services and the database. */
export const defaultConcurrency = (): number => Math.max(1, Math.floor(availableParallelism() / 2));

/**
 * Takes jobs from the queue of the database, one process for each, so that no computation runs on the loop that serves. Any
 * number of hosts may do so: a job has one worker at a time, and is begun again when that is lost.
 */
export function startWorkers(options: WorkersOptions): Workers {
  const {
    pool,
    concurrency,
    onError = () => {},
    deadMs = 5_000,
    stalledMs = 60_000,
    sweepMs = 2_000,
    maxAttempts = MAX_ATTEMPTS,
  } = options;
  const children = new Set<ChildProcess>();
  const interrupted = new Set<string>();
  const settling = new Set<string>();
  let stopping = false;
  const own = enginePool(connectionOf(pool), concurrency + 2);

  const work = async (id: string, worker: string): Promise<void> => {
    if (stopping) {
      interrupted.add(id);
      throw new Error('the host ends');
    }
    const job = await beginJob(pool, id, { worker, host: hostname() });
    if (!job) return;
    const { child, ended } = runChild(options, job);
    children.add(child);
    let cancelled = 0;
    const watch = async (): Promise<void> => {
      const told = await superviseJob(pool, job);
      // one that hangs in a strategy hears neither that it is cancelled nor that its job was taken from it
      if (!told || (told.cancelRequested && ++cancelled > CANCEL_TICKS)) child.kill('SIGKILL');
    };
    const watching = setInterval(() => void watch().catch(() => {}), 1_000);
    const exit = await ended;
    clearInterval(watching);
    children.delete(child);
    settling.add(id);
    const again = await settled(job, exit).finally(() => settling.delete(id));
    if (!again) return;
    if (stopping) interrupted.add(id);
    // the engine waits a moment, longer each time, before it hands the job out again
    throw new Error(exit.words);
  };

  /** How the process ended is known here alone: when the database is away, it is said once that is back. */
  const settled = async (job: JobRecord, exit: Exit): Promise<boolean> => {
    for (;;) {
      try {
        return await settle(pool, job, exit, stopping, maxAttempts);
      } catch (error) {
        const known = storeError(error);
        if (stopping || !isSignalboxError(known) || known.code !== 'STORE_DOWN') throw error;
        await sleep(500);
      }
    }
  };

  let runner: Runner | undefined;
  const ending = new AbortController();
  // the engine gives up after some failures in a row: a database that was away for half a minute
  const running = (async (): Promise<void> => {
    while (!stopping) {
      try {
        await prepareEngine(pool);
        if (stopping) return;
        runner = await run({
          pgPool: own,
          concurrency,
          pollInterval: 2_000,
          noHandleSignals: true,
          logger: quiet,
          taskList: {
            [TASK]: (payload, { job }) => work((payload as { id: string }).id, job.locked_by ?? ''),
          },
        });
        // it was told to end while it opened
        if (stopping) await runner.stop();
        await runner.promise;
      } catch (error) {
        if (!stopping) onError(error);
      }
      await sleep(stopping ? 0 : 2_000, undefined, { signal: ending.signal }).catch(() => {});
    }
  })();

  let sweeping: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    if (runner)
      sweeping = sweeping
        .then(() => takeBackLost(pool, { deadMs, stalledMs, maxAttempts, except: settling }))
        .catch(onError);
  }, sweepMs);

  const stop = async (): Promise<void> => {
    stopping = true;
    clearInterval(timer);
    for (const child of children) if (child.connected) child.send({ type: 'stop' } satisfies ToChild);
    const kill = setTimeout(() => children.forEach((child) => child.kill('SIGKILL')), STOP_MS);
    await sweeping;
    ending.abort();
    await runner?.stop().catch(() => {});
    await running;
    clearTimeout(kill);
    // at once to whoever else works, and not after the engine's pause
    for (const id of interrupted) await deliver(pool, id).catch(onError);
    await own.end();
  };
  let stopped: Promise<void> | undefined;
  return { stop: () => (stopped ??= stop()) };
}

/** Begins a job's process. `ended` says how it went, in words. */
function runChild(
  { pool, projectDir, world, entry, onWords, niceness = constants.priority.PRIORITY_LOW }: WorkersOptions,
  job: JobRecord,
) {
  const child = fork(entry ?? childEntry(), [String(process.pid)], {
    cwd: projectDir,
    // the terminal is the host's
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: ['--no-warnings'],
  });
  const ended = new Promise<Exit>((resolve) => {
    let said = '';
    child.stderr!.on('data', (chunk) => (said = (said + String(chunk)).slice(-2_000)));
    child.once('error', (error) =>
      resolve({ words: `its process could not be started: ${error.message}`, innocent: false }),
    );
    child.once('close', (code, signal) => {
      if (said.trim() !== '') onWords?.(job.id, said.trim());
      resolve({ words: `its process ended (${signal ?? `exit ${code}`})`, innocent: code === TRY_AGAIN });
    });
  });
  const message: ToChild = {
    type: 'work',
    connection: connectionOf(pool),
    projectDir,
    world,
    job: job.id,
    attempt: job.attempt,
    niceness,
  };
  child.send(message, () => {}); // a child that is gone already is heard of by its end
  return { child, ended };
}

function childEntry(): string {
  const manifest = createRequire(import.meta.url).resolve('@signalbox/host/package.json');
  return join(dirname(manifest), 'dist', 'job-child.js');
}
