-- The reference's section 4 to the letter, and what we add: added columns are nullable or defaulted, so that an INSERT which
-- names only the reference's columns works on every table.

CREATE SCHEMA dw;

-- ---------------------------------------------------------------------------------------------------------------- the world

-- A database is one world, fixed when it is created. `seq_base`: events are numbered above it (the highest of the
-- generation before). `first_cycle_at`: macro values stored before it count as seen at their rule time.
CREATE TABLE dw.world (
  singleton      boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  kind           text NOT NULL CHECK (kind IN ('market', 'simulated')),
  seed           bigint,
  edge           double precision,
  first_session  date,
  generation     integer NOT NULL DEFAULT 1 CHECK (generation >= 1),
  seq_base       bigint NOT NULL DEFAULT 0 CHECK (seq_base >= 0),
  first_cycle_at timestamptz,
  parameters     jsonb NOT NULL DEFAULT '{}',
  created_at     timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION dw.is_simulated() RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT coalesce((SELECT kind = 'simulated' FROM dw.world), false) $$;

CREATE FUNCTION dw.default_source() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN dw.is_simulated() THEN 'simulated' ELSE 'manual' END $$;

-- Market time of the statement: what the host says (SET LOCAL signalbox.market_time), else the wall clock.
CREATE FUNCTION dw.market_now() RETURNS timestamptz LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('signalbox.market_time', true), '')::timestamptz, now()) $$;

CREATE FUNCTION dw.is_silent() RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT coalesce(current_setting('signalbox.silent', true), '') = 'on' $$;

CREATE FUNCTION dw.iso(t timestamptz) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;

-- ------------------------------------------------------------------------------------------------------- market data (4.1)

CREATE TABLE usdcop_m5_ohlcv (
  time        timestamptz NOT NULL,
  symbol      text NOT NULL DEFAULT 'USD/COP',
  open        numeric(12,6) NOT NULL,
  high        numeric(12,6) NOT NULL,
  low         numeric(12,6) NOT NULL,
  close       numeric(12,6) NOT NULL,
  volume      bigint NOT NULL DEFAULT 0,
  source      text NOT NULL DEFAULT dw.default_source(),
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (time, symbol),
  CONSTRAINT usdcop_m5_ohlcv_prices CHECK (low > 0 AND high >= open AND high >= close AND low <= open AND low <= close AND high < 'NaN'),
  CONSTRAINT usdcop_m5_ohlcv_volume CHECK (volume >= 0)
);

-- From 2.18 on a hypertable takes triggers with transition tables, which the next migration makes; without TimescaleDB, or
-- with an older one, the same schema stands on a plain table.
DO $$
BEGIN
  IF current_setting('shared_preload_libraries') LIKE '%timescaledb%' AND EXISTS (
    SELECT 1 FROM pg_available_extensions
    WHERE name = 'timescaledb' AND string_to_array(split_part(default_version, '-', 1), '.')::int[] >= ARRAY[2, 18]
  ) THEN
    CREATE EXTENSION IF NOT EXISTS timescaledb;
    PERFORM create_hypertable('usdcop_m5_ohlcv', 'time', chunk_time_interval => interval '90 days');
  END IF;
END $$;

CREATE INDEX usdcop_m5_ohlcv_symbol_time ON usdcop_m5_ohlcv (symbol, time DESC);

CREATE TABLE macro_indicators_daily (
  date        date PRIMARY KEY,
  fecha       date GENERATED ALWAYS AS (date) STORED,
  dxy         numeric(10,4),
  vix         numeric(10,4),
  embi        numeric(10,4),
  brent       numeric(10,4),
  wti         numeric(10,4),
  gold        numeric(10,4),
  coffee      numeric(10,4),
  colcap      numeric(10,4),
  col10y      numeric(10,4),
  col5y       numeric(10,4),
  ust10y      numeric(10,4),
  ust2y       numeric(10,4),
  ibr         numeric(10,4),
  tpm         numeric(10,4),
  prime       numeric(10,4),
  fedfunds    numeric(10,4),
  usdmxn      numeric(10,4),
  usdclp      numeric(10,4),
  itcr        numeric(10,4),
  tot         numeric(10,4),
  cci         numeric(10,4),
  ici         numeric(10,4),
  exports     numeric(14,4),
  imports     numeric(14,4),
  cpi_col     numeric(10,4),
  reserves    numeric(14,4),
  cacct       numeric(14,4),
  fdi_in      numeric(14,4),
  fdi_out     numeric(14,4),
  gdp_us      numeric(14,4),
  cpi_us      numeric(10,4),
  core_cpi_us numeric(10,4),
  pce         numeric(10,4),
  unrate      numeric(10,4),
  m2          numeric(14,4),
  indpro      numeric(10,4),
  umcsent     numeric(10,4),
  source      text NOT NULL DEFAULT dw.default_source(),
  recorded_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT macro_indicators_daily_numbers CHECK (NOT 'NaN'::numeric IN (
    dxy, vix, embi, brent, wti, gold, coffee, colcap, col10y, col5y, ust10y, ust2y, ibr, tpm,
    prime, fedfunds, usdmxn, usdclp, itcr, tot, cci, ici, exports, imports, cpi_col, reserves,
    cacct, fdi_in, fdi_out, gdp_us, cpi_us, core_cpi_us, pce, unrate, m2, indpro, umcsent))
);

-- When a macro value was first seen, in market time, for values that came after the world's first cycle.
-- No row: it counts as seen at its rule time.
CREATE TABLE dw.macro_first_seen (
  date        date NOT NULL,
  series      text NOT NULL,
  seen_at     timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (date, series)
);

-- Append-only: what every overwrite (or deletion: new_value null) of a bar or macro value replaced.
CREATE TABLE revisions (
  revision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  table_name  text NOT NULL,
  row_key     jsonb NOT NULL,
  column_name text NOT NULL,
  old_value   text,
  new_value   text,
  source      text,
  seen_at     timestamptz NOT NULL DEFAULT dw.market_now(),
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX revisions_key ON revisions (table_name, row_key, column_name);

CREATE TABLE users (
  user_id       bigserial PRIMARY KEY,
  email         text NOT NULL UNIQUE,
  name          text,
  password_hash text NOT NULL,
  role          text NOT NULL DEFAULT 'viewer' CHECK (role IN ('viewer', 'trader', 'admin')),
  created_at    timestamptz NOT NULL DEFAULT now()
);

-- --------------------------------------------------------------------------------------------------------- strategies (4.2)

CREATE TABLE dw.dim_strategy (
  strategy_id    serial PRIMARY KEY,
  strategy_code  varchar(50) NOT NULL UNIQUE,
  strategy_name  varchar(200) NOT NULL,
  strategy_type  varchar(50) NOT NULL CHECK (strategy_type IN ('RL', 'ML', 'LLM', 'ENSEMBLE')),
  is_active      boolean NOT NULL DEFAULT true,
  description    text,
  initial_equity numeric(15,2) NOT NULL DEFAULT 10000 CHECK (initial_equity > 0),
  -- The npm package that serves it; null: signals come from outside. A row never chooses what code runs.
  package        text,
  parameters     jsonb NOT NULL DEFAULT '{}',
  created_at     timestamptz NOT NULL DEFAULT now()
);

-- `live` is the run of what happens now; a backtest is a run of its own. Facts name their run without a foreign key: a check
-- for each of a backtest's rows would cost more than the row.
CREATE TABLE dw.runs (
  run_id      text PRIMARY KEY,
  kind        text NOT NULL CHECK (kind IN ('live', 'backtest')),
  state       text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
  symbol      text NOT NULL DEFAULT 'USD/COP',
  from_time   timestamptz,
  to_time     timestamptz,
  strategies  text[] NOT NULL DEFAULT '{}',
  config      jsonb NOT NULL DEFAULT '{}',
  progress    double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
  result      jsonb,
  created_at  timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);
INSERT INTO dw.runs (run_id, kind, state) VALUES ('live', 'live', 'running');

-- What a decision was made with, once per combination; a signal points to it.
CREATE TABLE dw.provenance (
  provenance_id    serial PRIMARY KEY,
  fingerprint      text NOT NULL UNIQUE,
  plugin_version   text,
  -- Names of the feature vector's elements in order, and the hash of each definition.
  feature_names    text[] NOT NULL DEFAULT '{}',
  feature_hashes   jsonb NOT NULL DEFAULT '{}',
  model_sha256     text,
  calendar_version text,
  recorded_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE dw.fact_strategy_signals (
  signal_id           bigserial PRIMARY KEY,
  strategy_id         integer NOT NULL REFERENCES dw.dim_strategy (strategy_id),
  timestamp_utc       timestamptz NOT NULL,
  signal              varchar(20) NOT NULL CHECK (signal IN ('long', 'short', 'flat', 'close')),
  side                varchar(10) CHECK (side IN ('buy', 'sell', 'hold')),
  confidence          numeric(5,4) CHECK (confidence BETWEEN 0 AND 1),
  size                numeric(5,4) CHECK (size BETWEEN 0 AND 1),
  entry_price         numeric(12,6) CHECK (entry_price > 0 AND entry_price < 'NaN'),
  stop_loss           numeric(12,6) CHECK (stop_loss > 0 AND stop_loss < 'NaN'),
  take_profit         numeric(12,6) CHECK (take_profit > 0 AND take_profit < 'NaN'),
  risk_usd            numeric(12,2) CHECK (risk_usd >= 0 AND risk_usd < 'NaN'),
  reasoning           text,
  symbol              text NOT NULL DEFAULT 'USD/COP',
  bar_time            timestamptz NOT NULL,
  run_id              text NOT NULL DEFAULT 'live',
  mode                text NOT NULL DEFAULT 'live' CHECK (mode IN ('live', 'catch_up', 'unwatched', 'backtest')),
  origin              text NOT NULL DEFAULT 'external' CHECK (origin IN ('plugin', 'external')),
  -- Why the entry was not taken; null when it was, or when it is still pending, or when there was none to take.
  not_traded          text,
  score               double precision CHECK (score BETWEEN -1 AND 1),
  round_trip_cost_bps numeric(8,2),
  breakeven_hit_rate  numeric(14,4),
  simulated           boolean NOT NULL DEFAULT dw.is_simulated(),
  -- The exact vector that the strategy saw, in the order of dw.provenance.feature_names; null elements are missing.
  features            double precision[],
  provenance_id       integer REFERENCES dw.provenance (provenance_id),
  -- What the strategy said, to the bit; live bars only: after a crash its ensemble hears it again.
  opinion             jsonb,
  state_hash          text,
  -- Completion of the newest bar, and recording time of the newest row, that could be seen.
  data_watermark      timestamptz,
  recorded_at         timestamptz NOT NULL DEFAULT now(),
  UNIQUE (run_id, strategy_id, symbol, bar_time)
);

-- A bar on which a strategy had no opinion, and why.
CREATE TABLE dw.fact_no_signal (
  no_signal_id  bigserial PRIMARY KEY,
  strategy_id   integer NOT NULL REFERENCES dw.dim_strategy (strategy_id),
  symbol        text NOT NULL DEFAULT 'USD/COP',
  timestamp_utc timestamptz NOT NULL,
  bar_time      timestamptz NOT NULL,
  code          text NOT NULL,
  detail        text,
  opinion       jsonb,
  run_id        text NOT NULL DEFAULT 'live',
  mode          text NOT NULL DEFAULT 'live' CHECK (mode IN ('live', 'catch_up', 'unwatched', 'backtest')),
  simulated     boolean NOT NULL DEFAULT dw.is_simulated(),
  recorded_at   timestamptz NOT NULL DEFAULT now(),
  UNIQUE (run_id, strategy_id, symbol, bar_time)
);

CREATE TABLE dw.fact_equity_curve (
  equity_id              bigserial PRIMARY KEY,
  strategy_id            integer NOT NULL REFERENCES dw.dim_strategy (strategy_id),
  timestamp_utc          timestamptz NOT NULL,
  equity_value           numeric(15,2) NOT NULL CHECK (equity_value < 'NaN'),
  return_since_start_pct numeric(10,4),
  current_drawdown_pct   numeric(10,4) CHECK (current_drawdown_pct >= 0),
  symbol                 text NOT NULL DEFAULT 'USD/COP',
  bar_time               timestamptz NOT NULL,
  unrealized_pnl         numeric(15,2),
  run_id                 text NOT NULL DEFAULT 'live',
  simulated              boolean NOT NULL DEFAULT dw.is_simulated(),
  recorded_at            timestamptz NOT NULL DEFAULT now(),
  UNIQUE (run_id, strategy_id, symbol, bar_time)
);

CREATE TABLE dw.fact_strategy_performance (
  perf_id          bigserial PRIMARY KEY,
  strategy_id      integer NOT NULL REFERENCES dw.dim_strategy (strategy_id),
  date_cot         date NOT NULL,
  daily_return_pct numeric(10,4),
  sharpe_ratio     numeric(10,4),
  sortino_ratio    numeric(10,4),
  max_drawdown_pct numeric(10,4) CHECK (max_drawdown_pct >= 0),
  n_trades         integer CHECK (n_trades >= 0),
  win_rate         numeric(5,4) CHECK (win_rate BETWEEN 0 AND 1),
  run_id           text NOT NULL DEFAULT 'live',
  simulated        boolean NOT NULL DEFAULT dw.is_simulated(),
  recorded_at      timestamptz NOT NULL DEFAULT now(),
  UNIQUE (run_id, strategy_id, date_cot)
);

CREATE TABLE dw.fact_strategy_positions (
  position_id     bigserial PRIMARY KEY,
  strategy_id     integer NOT NULL REFERENCES dw.dim_strategy (strategy_id),
  side            varchar(10) NOT NULL CHECK (side IN ('long', 'short')),
  quantity        numeric(15,6) NOT NULL CHECK (quantity > 0 AND quantity < 'NaN'),
  entry_price     numeric(12,6) NOT NULL CHECK (entry_price > 0 AND entry_price < 'NaN'),
  entry_time      timestamptz NOT NULL,
  exit_price      numeric(12,6) CHECK (exit_price > 0 AND exit_price < 'NaN'),
  exit_time       timestamptz,
  status          varchar(20) NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
  -- Before fees; null while open.
  realized_pnl    numeric(15,2),
  -- At the last mark; 0 once closed.
  unrealized_pnl  numeric(15,2),
  symbol          text NOT NULL DEFAULT 'USD/COP',
  run_id          text NOT NULL DEFAULT 'live',
  size            numeric(5,4) CHECK (size BETWEEN 0 AND 1),
  stop_loss       numeric(12,6),
  take_profit     numeric(12,6),
  -- Of all fills so far.
  fees            numeric(15,2) NOT NULL DEFAULT 0,
  close_reason    text,
  signal_bar_time timestamptz,
  -- Bars in which the fills fell.
  entry_bar_time  timestamptz,
  exit_bar_time   timestamptz,
  simulated       boolean NOT NULL DEFAULT dw.is_simulated(),
  recorded_at     timestamptz NOT NULL DEFAULT now(),
  UNIQUE (run_id, strategy_id, symbol, entry_time),
  CHECK (status = 'open' OR (exit_time IS NOT NULL AND exit_price IS NOT NULL))
);
CREATE INDEX fact_strategy_positions_open ON dw.fact_strategy_positions (run_id, strategy_id, symbol) WHERE status = 'open';
CREATE INDEX fact_strategy_positions_exit ON dw.fact_strategy_positions (run_id, strategy_id, exit_time);

-- Where each strategy's book stands: the state after `bar_time`, written in the transaction of that bar.
CREATE TABLE dw.strategy_state (
  run_id      text NOT NULL DEFAULT 'live',
  strategy_id integer NOT NULL REFERENCES dw.dim_strategy (strategy_id),
  symbol      text NOT NULL DEFAULT 'USD/COP',
  bar_time    timestamptz NOT NULL,
  book        jsonb NOT NULL,
  plugin      jsonb,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (run_id, strategy_id, symbol)
);

CREATE TABLE dw.alerts (
  alert_id      bigserial PRIMARY KEY,
  run_id        text NOT NULL DEFAULT 'live',
  strategy_id   integer REFERENCES dw.dim_strategy (strategy_id),
  symbol        text,
  code          text NOT NULL,
  severity      text NOT NULL DEFAULT 'warning' CHECK (severity IN ('info', 'warning', 'critical')),
  message       text NOT NULL,
  timestamp_utc timestamptz NOT NULL DEFAULT dw.market_now(),
  simulated     boolean NOT NULL DEFAULT dw.is_simulated(),
  recorded_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX alerts_time ON dw.alerts (run_id, timestamp_utc DESC);

-- ----------------------------------------------------------------------------------------------------------- feature values

-- Values in the order of the feature file whose hash stands beside them; null elements are missing.
CREATE TABLE dw.feature_values (
  time         timestamptz NOT NULL,
  symbol       text NOT NULL DEFAULT 'USD/COP',
  feature_hash text NOT NULL,
  values       double precision[] NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (time, symbol)
);

-- The host replaces this view when the feature file has other features.
CREATE VIEW inference_features_5m AS
SELECT time, symbol,
  values[1]  AS log_ret_5m,
  values[2]  AS log_ret_1h,
  values[3]  AS log_ret_4h,
  values[4]  AS rsi_9,
  values[5]  AS atr_pct,
  values[6]  AS adx_14,
  values[7]  AS dxy_z,
  values[8]  AS dxy_change_1d,
  values[9]  AS vix_z,
  values[10] AS embi_z,
  values[11] AS brent_change_1d,
  values[12] AS rate_spread,
  values[13] AS usdmxn_change_1d
FROM dw.feature_values;

-- ------------------------------------------------------------------------------------------------------------------- events

-- Written by triggers in the transaction of the fact. `seq` is null until the relay publishes the row: `id` comes from a
-- sequence, taken before commit, and must not be trusted as an order of publication.
CREATE TABLE dw.events (
  id          bigserial PRIMARY KEY,
  seq         bigint UNIQUE,
  type        text NOT NULL,
  time        timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  simulated   boolean NOT NULL DEFAULT dw.is_simulated(),
  payload     jsonb NOT NULL
);
CREATE INDEX events_unpublished ON dw.events (id) WHERE seq IS NULL;
CREATE INDEX events_recorded_at ON dw.events (recorded_at);
