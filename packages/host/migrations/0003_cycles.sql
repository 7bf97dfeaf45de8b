-- Cycles: who decides on the bars, which bars were decided upon and which were missed, how long it took; bars that turned
-- out to be bad ticks.

-- A host that is there, and when it last said so. One that falls silent is cut off from the database: see the host's
-- presence.
CREATE TABLE dw.hosts (
  host_id      uuid PRIMARY KEY,
  hostname     text NOT NULL,
  pid          integer NOT NULL,
  started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The leader of a symbol holds an advisory lock; `epoch` grows with each leader and is checked in every write of a cycle, so
-- that one who stood still and wakes writes nothing.
CREATE TABLE dw.leaders (
  symbol   text PRIMARY KEY,
  epoch    bigint NOT NULL,
  host_id  uuid NOT NULL,
  taken_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row per due bar. missed: complete, and not delivered before the deadline; done: decided upon by every strategy; late:
-- delivered after a later bar was decided upon, stored, and not decided upon.
CREATE TABLE dw.cycles (
  symbol      text NOT NULL DEFAULT 'USD/COP',
  bar_time    timestamptz NOT NULL,
  status      text NOT NULL CHECK (status IN ('done', 'missed', 'late')),
  mode        text CHECK (mode IN ('live', 'catch_up')),
  decisions   integer,
  epoch       bigint,
  detail      text,
  simulated   boolean NOT NULL DEFAULT dw.is_simulated(),
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (symbol, bar_time)
);
CREATE INDEX cycles_missed ON dw.cycles (symbol, bar_time) WHERE status <> 'done';

-- Live bars only. Wall times, and milliseconds since the host noticed the stored bar (`noticed_at`); `asked_at` is null for a
-- strategy that was not asked, `published_ms` for a bar without signal.
CREATE TABLE dw.cycle_timings (
  symbol       text NOT NULL DEFAULT 'USD/COP',
  bar_time     timestamptz NOT NULL,
  strategy_id  integer NOT NULL REFERENCES dw.dim_strategy (strategy_id),
  noticed_at   timestamptz NOT NULL,
  asked_at     timestamptz,
  answered_ms  double precision,
  committed_ms double precision NOT NULL,
  published_ms double precision,
  recorded_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (symbol, bar_time, strategy_id)
);
CREATE INDEX cycle_timings_noticed ON dw.cycle_timings (noticed_at);

-- Suspect bars that reverted within three bars: known afterwards, for reports; nothing is decided by it.
CREATE TABLE dw.bad_ticks (
  symbol      text NOT NULL DEFAULT 'USD/COP',
  bar_time    timestamptz NOT NULL,
  -- Its log return.
  move        double precision NOT NULL,
  reverted_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (symbol, bar_time)
);

-- Wakes the leader: "symbol|open time of the earliest bar that changed, epoch ms".
CREATE FUNCTION dw.wake_cycle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('signalbox_bars', symbol || '|' || (extract(epoch FROM min(time)) * 1000)::bigint)
  FROM changed_rows GROUP BY symbol;
  RETURN NULL;
END $$;
CREATE TRIGGER e_cycle_insert AFTER INSERT ON usdcop_m5_ohlcv
  REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION dw.wake_cycle();
CREATE TRIGGER e_cycle_update AFTER UPDATE ON usdcop_m5_ohlcv
  REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION dw.wake_cycle();
CREATE TRIGGER e_cycle_delete AFTER DELETE ON usdcop_m5_ohlcv
  REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION dw.wake_cycle();

CREATE FUNCTION dw.wake_macro() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('signalbox_macro', '');
  RETURN NULL;
END $$;
CREATE TRIGGER e_cycle AFTER INSERT OR UPDATE OR DELETE ON macro_indicators_daily
  FOR EACH STATEMENT EXECUTE FUNCTION dw.wake_macro();
