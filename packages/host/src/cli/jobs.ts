import { Command } from 'commander';
import { openQueue, type JobQueue } from '../jobs/queue.js';
import { JOB_KINDS, JOB_STATES, type JobKind, type JobRecord, type JobState } from '../stores/postgres/jobs.js';
import { integer, configOf, type Session } from './session.js';
import { withStore } from './store.js';
import { table } from './terminal.js';

interface Flags {
  readonly world?: string;
  readonly kind?: JobKind;
  readonly state?: JobState;
  readonly limit: number;
  readonly workers?: number;
  readonly untilEmpty?: boolean;
}

const WORLD = ['--world <world>', 'market or demo; default: the configured one'] as const;

/** `signalbox jobs list | show | cancel | remove | work`: what is queued, what runs, how it ended. */
export function jobsCommand(session: Session): Command {
  const jobs = new Command('jobs').description('backtests, sweeps, backfills and trainings that hosts work on');
  jobs
    .command('list')
    .description('jobs, newest first')
    .option(...WORLD)
    .option('--kind <kind>', JOB_KINDS.join(', '))
    .option('--state <state>', JOB_STATES.join(', '))
    .option('--limit <n>', 'how many', integer(1, 500), 20)
    .addHelpText('after', '\nExamples:\n  signalbox jobs list\n  signalbox jobs list --state running --json')
    .action((flags: Flags) =>
      withQueue(session, flags, async (queue) => {
        const found = await queue.list({ kind: flags.kind, state: flags.state, limit: flags.limit });
        session.terminal.result(
          { jobs: found.map(dataOf) },
          found.length === 0
            ? 'no jobs'
            : table(['job', 'kind', 'state', 'progress', 'queued', 'run'], found.map(rowOf)),
        );
      }),
    );
  const one = (name: string, text: string, act: (queue: JobQueue, id: string) => Promise<JobRecord>): void =>
    void jobs
      .command(`${name} <id>`)
      .description(text)
      .option(...WORLD)
      .addHelpText(
        'after',
        `\nExamples:\n  signalbox jobs ${name} job-20260131-142500-9f3c1a\n  signalbox jobs ${name} job-20260131-142500-9f3c1a --json`,
      )
      .action((id: string, flags: Flags) =>
        withQueue(session, flags, async (queue) => {
          const job = await act(queue, id);
          session.terminal.result(dataOf(job), textOf(job));
        }),
      );
  one('show', 'one job: how far it is, its result, or why it failed', (queue, id) => queue.read(id));
  one('cancel', 'end a job; what it has written is removed', (queue, id) => queue.cancel(id));
  one('remove', 'take an ended job out of the history, and the run that it wrote', (queue, id) => queue.remove(id));
  jobs
    .command('work')
    .description('work on queued jobs without serving anything, until Ctrl-C: a machine more for the queue')
    .option(...WORLD)
    .option('--workers <n>', 'jobs at a time; default: half of the processors', integer(1, 64))
    .option('--until-empty', 'end when nothing is queued or runs')
    .addHelpText('after', '\nExamples:\n  signalbox jobs work\n  signalbox jobs work --workers 4 --until-empty')
    .action((flags: Flags) => work(session, flags));
  return jobs;
}

/** Queues a job and says so; a running host, or `jobs work`, does it. */
export async function submitJob(session: Session, world: string | undefined, kind: JobKind, parameters: object) {
  await withQueue(session, { ...(world === undefined ? {} : { world }), limit: 1 }, async (queue) => {
    const job = await queue.submit(kind, parameters);
    session.terminal.result(
      dataOf(job),
      `${job.id} is ${job.state}: a running host works on it, or signalbox jobs work\nsignalbox jobs show ${job.id}`,
    );
  });
}

function withQueue<T>(session: Session, { world }: Flags, act: (queue: JobQueue) => Promise<T>): Promise<T> {
  const config = configOf(session, world === undefined ? {} : { world });
  return withStore(session, config, ({ pool }) => act(openQueue(() => pool)));
}

async function work(session: Session, flags: Flags): Promise<void> {
  const { terminal, signal } = session;
  const config = configOf(session, flags.world === undefined ? {} : { world: flags.world });
  const { defaultConcurrency, startWorkers } = await import('../jobs/workers.js');
  await withStore(session, config, async ({ pool, world }) => {
    const concurrency = flags.workers ?? defaultConcurrency();
    const queue = openQueue(() => pool);
    const workers = startWorkers({
      pool,
      projectDir: config.projectDir,
      world: world.kind,
      concurrency,
      onError: (error) => terminal.talk(error instanceof Error ? error.message : String(error)),
      onWords: (job, words) => terminal.talk(`${job}: ${words}`),
    });
    terminal.talk(`${concurrency} at a time; Ctrl-C puts what runs back into the queue`);
    try {
      while (!signal.aborted) {
        const [queued, running] = await Promise.all(
          (['queued', 'running'] as const).map((state) => queue.list({ state, limit: 1 })),
        );
        if (flags.untilEmpty && queued!.length + running!.length === 0) break;
        await pause(500, signal);
      }
    } finally {
      await workers.stop();
    }
  });
  terminal.result({ ended: signal.aborted ? 'interrupted' : 'empty' }, '');
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });

const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** A job as `--json` has it: as `/api/jobs` does. */
function dataOf(job: JobRecord) {
  return {
    id: job.id,
    kind: job.kind,
    state: job.state,
    progress: job.progress,
    note: job.note,
    attempt: job.attempt,
    cancel_requested: job.cancelRequested,
    run_id: job.runId,
    parameters: job.parameters,
    result: job.result,
    error: job.error,
    created_at: time(job.createdAt),
    started_at: time(job.startedAt),
    finished_at: time(job.finishedAt),
  };
}

const percent = (job: JobRecord): string => `${Math.floor(100 * job.progress)} %`;

const rowOf = (job: JobRecord): string[] => [
  job.id,
  job.kind,
  job.cancelRequested && job.state === 'running' ? 'cancelling' : job.state,
  percent(job),
  time(job.createdAt)!.slice(0, 19).replace('T', ' '),
  job.runId ?? '',
];

function textOf(job: JobRecord): string {
  const lines = [
    `${job.id} · ${job.kind} · ${job.cancelRequested && job.state === 'running' ? 'cancelling' : job.state} · ${percent(job)}${job.note === null ? '' : ` · ${job.note}`}`,
    `parameters ${JSON.stringify(job.parameters)}`,
    `queued ${time(job.createdAt)}${job.startedAt === null ? '' : ` · begun ${time(job.startedAt)}`}${job.finishedAt === null ? '' : ` · ended ${time(job.finishedAt)}`}${job.attempt > 1 ? ` · begun ${job.attempt} times` : ''}`,
  ];
  if (job.runId !== null) lines.push(`run ${job.runId}`);
  if (job.error) lines.push(`${job.error.code} ${job.error.message}`, `  → ${job.error.remedy}`);
  if (job.result) lines.push(JSON.stringify(job.result, null, 2));
  return lines.join('\n');
}
