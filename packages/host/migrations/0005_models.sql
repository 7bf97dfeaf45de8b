-- Versions of models that were checked here, and which one is live.

CREATE TABLE dw.model_version (
  strategy_code      varchar(50) NOT NULL,
  version            integer NOT NULL CHECK (version >= 1),
  file               text NOT NULL,
  format             text NOT NULL CHECK (format IN ('onnx', 'xgboost-json', 'xgboost-ubj', 'lightgbm-text')),
  bytes              bigint NOT NULL CHECK (bytes > 0),
  sha256             text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  manifest_sha256    text NOT NULL CHECK (manifest_sha256 ~ '^[0-9a-f]{64}$'),
  framework          text NOT NULL,
  trained_on         text NOT NULL CHECK (trained_on IN ('market', 'simulated')),
  golden_rows        integer NOT NULL CHECK (golden_rows > 0),
  -- of the golden vectors, relative to max(1, |x|)
  largest_difference double precision NOT NULL,
  state              text NOT NULL CHECK (state IN ('verified', 'refused')),
  reason             text,
  remedy             text,
  added_at           timestamptz NOT NULL DEFAULT now(),
  checked_at         timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (strategy_code, version)
);

-- Append-only: the last row of a strategy says which version is live. Version 0 is the model that its package brings along.
CREATE TABLE dw.model_champion (
  change_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  strategy_code    varchar(50) NOT NULL,
  alias            text NOT NULL DEFAULT 'champion' CHECK (alias = 'champion'),
  action           text NOT NULL CHECK (action IN ('promote', 'rollback')),
  version          integer NOT NULL CHECK (version >= 0),
  previous_version integer NOT NULL CHECK (previous_version >= 0),
  sha256           text,
  actor            text NOT NULL,
  changed_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX model_champion_strategy ON dw.model_champion (strategy_code, change_id);

CREATE FUNCTION dw.refuse_model_history_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the history of live models is append-only'; END $$;
CREATE TRIGGER model_champion_append_only BEFORE UPDATE OR DELETE ON dw.model_champion
  FOR EACH ROW EXECUTE FUNCTION dw.refuse_model_history_change();
