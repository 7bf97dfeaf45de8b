import { Type, type Static } from '@sinclair/typebox';
import { SignalboxError } from '@signalbox/core';
import { BacktestParameters, FeaturesParameters, SweepParameters, TrainParameters } from '../../jobs/parameters.js';
import { JOB_KINDS, JOB_STATES, type JobRecord } from '../../stores/postgres/jobs.js';
import type { ServiceDependencies } from '../dependencies.js';
import { chosen, iso, isoOrNull } from '../respond.js';
import { Reply, route } from '../route.js';
import { Choice, Code, Day, Fraction, Nullable, Query, Shape, Timestamp } from '../schemas.js';

const JobError = Shape('JobError', { code: Type.String(), message: Type.String(), remedy: Type.String() });
const Standing = {
  id: Type.String(),
  state: Choice(JOB_STATES),
  progress: Fraction,
  created_at: Timestamp,
  result: Nullable(Type.Record(Type.String(), Type.Unknown())),
  error: Nullable(JobError),
  note: Nullable(Type.String({ description: 'What it is at' })),
  attempt: Type.Integer({ description: 'How often it was begun: more than once when its process or host was lost' }),
  cancel_requested: Type.Boolean(),
  started_at: Nullable(Timestamp),
  finished_at: Nullable(Timestamp),
};
const Job = Shape('Job', {
  ...Standing,
  kind: Choice(JOB_KINDS),
  run_id: Nullable(Type.String()),
  parameters: Type.Record(Type.String(), Type.Unknown()),
});
const Backtest = Shape('Backtest', {
  ...Standing,
  run_id: Nullable(Type.String({ description: 'For `?run=`; null until it has begun' })),
  strategies: Nullable(Type.Array(Type.String(), { description: 'Null: all that were active' })),
  from: Nullable(Type.String()),
  to: Nullable(Type.String()),
});
const Jobs = Shape('Jobs', { jobs: Type.Array(Job) });
const Backtests = Shape('Backtests', { backtests: Type.Array(Backtest) });
const Queued = Shape('Queued', { id: Type.String() });
const Withdrawn = Shape('Withdrawn', {
  id: Type.String(),
  state: Choice(['cancelled', 'cancelling', 'removed'], {
    description: '`cancelling`: it runs, and ends within seconds. `removed`: it had ended, and is gone with its run',
  }),
});

const standing = (job: JobRecord) => ({
  id: job.id,
  state: job.state,
  progress: job.progress,
  created_at: iso(job.createdAt),
  result: job.result,
  error: job.error,
  note: job.note,
  attempt: job.attempt,
  cancel_requested: job.cancelRequested,
  started_at: isoOrNull(job.startedAt),
  finished_at: isoOrNull(job.finishedAt),
});
const jobBody = (job: JobRecord): Static<typeof Job> => ({
  ...standing(job),
  kind: job.kind,
  run_id: job.runId,
  parameters: job.parameters,
});
const backtestBody = (job: JobRecord): Static<typeof Backtest> => {
  const { strategies, from, to } = job.parameters as BacktestParameters;
  return { ...standing(job), run_id: job.runId, strategies: strategies ?? null, from: from ?? null, to: to ?? null };
};

const IdParam = Type.Object(
  { id: Type.String({ minLength: 1, maxLength: 100, pattern: '^[A-Za-z0-9-]+$' }) },
  { additionalProperties: false },
);
const Limit = Type.Integer({ minimum: 1, maximum: 500, default: 50 });
const WRITE = [400, 403, 404, 409, 413, 415];

/** A job of any kind, or only a backtest: elsewhere it does not exist. */
async function find({ jobs }: ServiceDependencies, id: string, backtest: boolean): Promise<JobRecord> {
  const job = await jobs.read(id);
  if (!backtest || job.kind === 'backtest') return job;
  throw new SignalboxError('JOB_UNKNOWN', `there is no backtest ${id}`, 'GET /api/backtests lists them');
}

async function withdraw(deps: ServiceDependencies, id: string, backtest: boolean): Promise<Static<typeof Withdrawn>> {
  const job = await find(deps, id, backtest);
  if (job.state !== 'queued' && job.state !== 'running') {
    await deps.jobs.remove(id);
    return { id, state: 'removed' };
  }
  const { state } = await deps.jobs.cancel(id);
  return { id, state: state === 'running' ? 'cancelling' : 'cancelled' };
}

const IDEMPOTENT = 'The same question while it is queued or runs gets the same id, and nothing is done twice.';
const DELETED =
  'A queued one is cancelled, a running one told to end: its rows are removed. One that has ended is taken out of the ' +
  'history, and its run with it.';

export const backtests = route({
  path: '/api/backtests',
  summary: 'Backtests: state, progress and result',
  description:
    'Newest first. `result` is the report once it is done (one of more than 16 KiB stands in its own route only); the routes of performance answer from it with `?run=run_id`.',
  query: Query({ state: Type.Optional(Choice(JOB_STATES)), limit: Limit }),
  response: Backtests,
  handler: async ({ query }, { jobs }) => ({
    backtests: (await jobs.list({ kind: 'backtest', ...query })).map(backtestBody),
  }),
});

export const backtest = route({
  path: '/api/backtests/:id',
  summary: 'One backtest',
  description: 'Its entry of `/api/backtests`.',
  params: IdParam,
  query: Query({}),
  response: Backtest,
  errors: [404],
  handler: async ({ params }, deps) => backtestBody(await find(deps, params.id, true)),
});

export const startBacktest = route({
  method: 'POST',
  path: '/api/backtests',
  summary: 'Queue a backtest',
  description:
    '`from` and `to` are session dates, both included. `config.parameters` replaces, for this run alone, parameters of a ' +
    `strategy, by code. ${IDEMPOTENT}`,
  body: Type.Object(
    {
      strategies: Type.Optional(Type.Array(Code, { minItems: 1, maxItems: 100, uniqueItems: true })),
      from: Type.Optional(Day),
      to: Type.Optional(Day),
      config: Type.Optional(
        Type.Object(
          { name: BacktestParameters.properties.name, parameters: BacktestParameters.properties.parameters },
          { additionalProperties: false },
        ),
      ),
    },
    { title: 'BacktestRequest', additionalProperties: false },
  ),
  response: Queued,
  role: 'trader',
  errors: WRITE,
  async handler({ body: { config, ...rest } }, deps) {
    await checkCodes(rest.strategies ?? [], deps);
    const { id } = await deps.jobs.submit('backtest', { ...rest, ...config });
    return new Reply(202, { id });
  },
});

export const endBacktest = route({
  method: 'DELETE',
  path: '/api/backtests/:id',
  summary: 'Cancel or remove a backtest',
  description: DELETED,
  params: IdParam,
  response: Withdrawn,
  role: 'trader',
  errors: WRITE,
  handler: ({ params }, deps) => withdraw(deps, params.id, true),
});

export const jobs = route({
  path: '/api/jobs',
  summary: 'Jobs: backtests, sweeps, backfills of features, trainings',
  description:
    'Newest first, those that have ended too; a `result` of more than 16 KiB stands in the job’s own route only.',
  query: Query({
    kind: Type.Optional(Choice(JOB_KINDS)),
    state: Type.Optional(Choice(JOB_STATES)),
    limit: Limit,
  }),
  response: Jobs,
  handler: async ({ query }, deps) => ({ jobs: (await deps.jobs.list(query)).map(jobBody) }),
});

export const job = route({
  path: '/api/jobs/:id',
  summary: 'One job',
  description: 'Its entry of `/api/jobs`.',
  params: IdParam,
  query: Query({}),
  response: Job,
  errors: [404],
  handler: async ({ params }, deps) => jobBody(await find(deps, params.id, false)),
});

export const startJob = route({
  method: 'POST',
  path: '/api/jobs',
  summary: 'Queue a job',
  description: `A sweep runs a strategy over a grid of parameters; \`features\` backfills stored features; \`train\` trains a strategy on the stored bars, and the model becomes a version of it. ${IDEMPOTENT}`,
  body: Type.Object(
    {
      kind: Choice(JOB_KINDS),
      parameters: Type.Optional(Type.Union([BacktestParameters, SweepParameters, TrainParameters, FeaturesParameters])),
    },
    { title: 'JobRequest', additionalProperties: false },
  ),
  response: Queued,
  role: 'trader',
  errors: WRITE,
  async handler({ body: { kind, parameters = {} } }, deps) {
    const named = parameters as { strategy?: string; strategies?: string[] };
    await checkCodes([...(named.strategies ?? []), ...(named.strategy === undefined ? [] : [named.strategy])], deps);
    const { id } = await deps.jobs.submit(kind, parameters);
    return new Reply(202, { id });
  },
});

export const endJob = route({
  method: 'DELETE',
  path: '/api/jobs/:id',
  summary: 'Cancel or remove a job',
  description: DELETED,
  params: IdParam,
  response: Withdrawn,
  role: 'trader',
  errors: WRITE,
  handler: ({ params }, deps) => withdraw(deps, params.id, false),
});

/** @throws STRATEGY_UNKNOWN */
async function checkCodes(codes: readonly string[], { reads }: ServiceDependencies): Promise<void> {
  if (codes.length > 0) chosen(await reads.strategies(), codes.join(','));
}

export const JOB_ROUTES = [backtests, backtest, startBacktest, endBacktest, jobs, job, startJob, endJob];
