-- Vintages of macro values and bars, and snapshots of the market's state.

-- ------------------------------------------------------------------------------------------------------- macro, each vintage

-- One row for each value of a date with the market time at which it was first seen. `-infinity`: at its rule time, what was
-- loaded before the first cycle. A value that was never overwritten and was there before the first cycle has no row. `value`
-- null: the first one, still the stored one.
ALTER TABLE dw.macro_first_seen ADD COLUMN value numeric;
ALTER TABLE dw.macro_first_seen DROP CONSTRAINT macro_first_seen_pkey;
ALTER TABLE dw.macro_first_seen ADD PRIMARY KEY (date, series, seen_at);

CREATE OR REPLACE FUNCTION dw.record_first_seen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}' END;
  is_now jsonb := to_jsonb(NEW);
  changed text;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM dw.world WHERE first_cycle_at IS NOT NULL) THEN RETURN NULL; END IF;
  FOR changed IN
    SELECT n.key FROM jsonb_each_text(is_now) n
    WHERE n.value IS NOT NULL AND n.value IS DISTINCT FROM was ->> n.key
      AND n.key NOT IN ('date', 'fecha', 'source', 'recorded_at')
  LOOP
    IF was ->> changed IS NOT NULL THEN
      -- what is overwritten stays known, from the time at which it was known
      UPDATE dw.macro_first_seen f SET value = (was ->> changed)::numeric
      WHERE f.date = NEW.date AND f.series = changed AND f.value IS NULL;
      INSERT INTO dw.macro_first_seen (date, series, seen_at, value)
      SELECT NEW.date, changed, '-infinity', (was ->> changed)::numeric
      WHERE NOT EXISTS (SELECT 1 FROM dw.macro_first_seen f WHERE f.date = NEW.date AND f.series = changed);
    END IF;
    INSERT INTO dw.macro_first_seen AS f (date, series, seen_at, value)
    VALUES (NEW.date, changed, dw.market_now(), (is_now ->> changed)::numeric)
    ON CONFLICT (date, series, seen_at) DO UPDATE SET value = excluded.value, recorded_at = now();
  END LOOP;
  RETURN NULL;
END $$;

-- ------------------------------------------------------------------------------------------------------ bars, first seen late

-- Bars that came after a later one had been processed. All others count as seen at their completion.
CREATE TABLE dw.bar_first_seen (
  time        timestamptz NOT NULL,
  symbol      text NOT NULL,
  seen_at     timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (time, symbol)
);

-- The newest bar of a symbol whose features are stored: what comes before it is the past.
CREATE FUNCTION dw.processed_to(of_symbol text) RETURNS timestamptz LANGUAGE sql STABLE AS
$$ SELECT coalesce((SELECT time FROM dw.feature_values WHERE symbol = of_symbol ORDER BY time DESC LIMIT 1), '-infinity') $$;

-- As before; and a bar that nobody has seen yet may change (an unfinished one does): that is no later sight.
CREATE OR REPLACE FUNCTION dw.record_revision() RETURNS trigger LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
  was jsonb := to_jsonb(OLD);
  becomes jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(NEW) ELSE '{}' END;
  row_key jsonb := (SELECT jsonb_object_agg(k, was -> k) FROM unnest(TG_ARGV) k);
  seen timestamptz := dw.market_now();
BEGIN
  IF TG_ARGV[0] = 'time' AND (was ->> 'time')::timestamptz > dw.processed_to(was ->> 'symbol') THEN
    seen := least(seen, (was ->> 'time')::timestamptz);
  END IF;
  INSERT INTO revisions (table_name, row_key, column_name, old_value, new_value, source, seen_at)
  SELECT TG_TABLE_NAME, row_key, o.key, o.value, becomes ->> o.key, coalesce(becomes ->> 'source', was ->> 'source'), seen
  FROM jsonb_each_text(was) o
  WHERE o.value IS NOT NULL AND o.value IS DISTINCT FROM becomes ->> o.key
    AND o.key <> ALL (TG_ARGV) AND o.key NOT IN ('recorded_at', 'fecha');
  RETURN NULL;
END $$;

-- --------------------------------------------------------------------------------------------------------------- snapshots

-- The market's state after a bar. `symbols`: whose bars it rests on. `numbers`: doubles, little-endian.
CREATE TABLE dw.market_snapshots (
  symbol      text NOT NULL,
  fingerprint text NOT NULL,
  last_bar    timestamptz NOT NULL,
  symbols     text[] NOT NULL,
  numbers     bytea NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (symbol, fingerprint, last_bar)
);

-- Changes of the past: a bar that came late, was overwritten or removed. A running host rebuilds its state from it on.
CREATE TABLE dw.bar_repairs (
  repair_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  symbol      text NOT NULL,
  first_bar   timestamptz NOT NULL,
  seen_at     timestamptz NOT NULL DEFAULT dw.market_now(),
  recorded_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION dw.note_repair() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  part record;
  processed timestamptz;
BEGIN
  FOR part IN SELECT symbol, min(time) AS first_bar FROM changed_rows GROUP BY symbol LOOP
    processed := dw.processed_to(part.symbol);
    IF part.first_bar > processed
       AND NOT EXISTS (SELECT 1 FROM dw.market_snapshots s WHERE part.symbol = ANY (s.symbols) AND s.last_bar >= part.first_bar) THEN
      CONTINUE;
    END IF;
    INSERT INTO dw.bar_repairs (symbol, first_bar) VALUES (part.symbol, part.first_bar);
    DELETE FROM dw.market_snapshots s WHERE part.symbol = ANY (s.symbols) AND s.last_bar >= part.first_bar;
    IF TG_OP = 'INSERT' THEN
      INSERT INTO dw.bar_first_seen (time, symbol, seen_at)
      SELECT c.time, c.symbol, dw.market_now() FROM changed_rows c WHERE c.symbol = part.symbol AND c.time <= processed
      ON CONFLICT DO NOTHING;
    END IF;
  END LOOP;
  RETURN NULL;
END $$;

CREATE TRIGGER e_repair_insert AFTER INSERT ON usdcop_m5_ohlcv
  REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION dw.note_repair();
CREATE TRIGGER e_repair_update AFTER UPDATE ON usdcop_m5_ohlcv
  REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION dw.note_repair();
CREATE TRIGGER e_repair_delete AFTER DELETE ON usdcop_m5_ohlcv
  REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION dw.note_repair();

-- ------------------------------------------------------------------------------------------------------------ feature files

-- What the hash of stored feature values stands for: names in order, and each one's hash and definition.
CREATE TABLE dw.feature_sets (
  feature_hash text PRIMARY KEY,
  version      text NOT NULL,
  names        text[] NOT NULL,
  hashes       jsonb NOT NULL,
  definitions  jsonb NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT now()
);
