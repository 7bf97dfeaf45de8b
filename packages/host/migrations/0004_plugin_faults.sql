-- Faults of plugins, and who is suspended for them: a restart forgives nothing.

CREATE TABLE dw.plugin_faults (
  fault_id    bigserial PRIMARY KEY,
  strategy_id integer NOT NULL REFERENCES dw.dim_strategy (strategy_id),
  kind        text NOT NULL,
  detail      text NOT NULL,
  -- False once an operator has resumed the strategy: it begins with a clean sheet.
  counts      boolean NOT NULL DEFAULT true,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX plugin_faults_recent ON dw.plugin_faults (strategy_id, recorded_at DESC);

-- A row: suspended until an operator resumes it.
CREATE TABLE dw.plugin_suspensions (
  strategy_id  integer PRIMARY KEY REFERENCES dw.dim_strategy (strategy_id),
  reason       text NOT NULL,
  suspended_at timestamptz NOT NULL DEFAULT now()
);
