-- Jobs: what was asked for, how far it is and how it ended. The engine (graphile-worker, in a schema of its own) delivers
-- them to workers and forgets them; this is their history.
CREATE TABLE dw.jobs (
  job_id           text PRIMARY KEY,
  kind             text NOT NULL CHECK (kind IN ('backtest', 'sweep', 'features', 'train')),
  -- Kind and parameters as one text: the same job is not queued twice.
  natural_key      text NOT NULL,
  parameters       jsonb NOT NULL DEFAULT '{}',
  state            text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
  progress         double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
  note             text,
  -- Grows with each start; what an earlier attempt still writes counts for nothing.
  attempt          integer NOT NULL DEFAULT 0,
  cancel_requested boolean NOT NULL DEFAULT false,
  -- Who works on it: the engine's worker, the host's name and the process.
  worker           text,
  host             text,
  pid              integer,
  -- The run that a backtest writes into.
  run_id           text,
  -- What a sweep has finished; its next attempt goes on from there.
  finished_parts   jsonb,
  result           jsonb,
  -- {code, message, remedy}
  error            jsonb,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at       timestamptz,
  heartbeat_at     timestamptz,
  finished_at      timestamptz
);
CREATE UNIQUE INDEX jobs_underway ON dw.jobs (natural_key) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_newest ON dw.jobs (created_at DESC, job_id);
