-- Features of another symbol's bars: what of that symbol is the past of the one that is traded, and which changes of bars a host
-- has seen. Until here only the traded symbol's own rows said so, and changes were told apart by numbers from a sequence, which
-- are taken before commit.

-- How far a host has come with a traded symbol.
CREATE TABLE dw.market_progress (
  symbol   text PRIMARY KEY,
  -- Other symbols whose bars its features read.
  reads    text[] NOT NULL DEFAULT '{}',
  -- Bars up to it are taken, or being taken: what comes of them now comes late, of `symbol` and of `reads`.
  taken_to timestamptz NOT NULL DEFAULT '-infinity',
  -- What the stored feature values take into account; null: nobody knows.
  mended   pg_snapshot
);
INSERT INTO dw.market_progress (symbol, taken_to) SELECT symbol, max(time) FROM dw.feature_values GROUP BY symbol;

-- The newest bar that was taken, or a later one: what comes before it is the past of whoever reads the symbol.
CREATE OR REPLACE FUNCTION dw.processed_to(of_symbol text) RETURNS timestamptz LANGUAGE sql STABLE AS
$$ SELECT coalesce(max(taken_to), '-infinity') FROM dw.market_progress WHERE symbol = of_symbol OR of_symbol = ANY (reads) $$;

-- ------------------------------------------------------------------------------------------------------------- bar changes

-- Each statement that changed bars of a symbol, the first of them, and its transaction: one that a host's snapshot does not show
-- is news to it, whenever it began. (It was: only those of bars that had been processed.)
DROP TRIGGER e_repair_insert ON usdcop_m5_ohlcv;
DROP TRIGGER e_repair_update ON usdcop_m5_ohlcv;
DROP TRIGGER e_repair_delete ON usdcop_m5_ohlcv;
DROP FUNCTION dw.note_repair();
DROP TABLE dw.bar_repairs;
CREATE TABLE dw.bar_changes (
  change_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  symbol      text NOT NULL,
  first_bar   timestamptz NOT NULL,
  xid         xid8 NOT NULL DEFAULT pg_current_xact_id(),
  seen_at     timestamptz NOT NULL DEFAULT dw.market_now(),
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX bar_changes_xid ON dw.bar_changes (xid);

-- A bar may be removed and come back: one row for each time at which it came late.
ALTER TABLE dw.bar_first_seen DROP CONSTRAINT bar_first_seen_pkey;
ALTER TABLE dw.bar_first_seen ADD PRIMARY KEY (time, symbol, seen_at);

CREATE FUNCTION dw.has_begun() RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT EXISTS (SELECT 1 FROM dw.world WHERE first_cycle_at IS NOT NULL) $$;

-- Snapshots that rest on what changed go; a transaction that is keeping one meanwhile is found out when it is read.
CREATE FUNCTION dw.note_change(of_symbol text, first timestamptz) RETURNS void LANGUAGE sql AS $$
  INSERT INTO dw.bar_changes (symbol, first_bar) VALUES (of_symbol, first);
  DELETE FROM dw.market_snapshots s WHERE of_symbol = ANY (s.symbols) AND s.last_bar >= first;
$$;

-- What was loaded before the first cycle counts as seen at its completion, whatever the order in which it came.
CREATE FUNCTION dw.note_inserted_bars() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM dw.note_change(symbol, min(time)) FROM changed_rows GROUP BY symbol;
  IF dw.has_begun() THEN
    INSERT INTO dw.bar_first_seen (time, symbol, seen_at)
    SELECT c.time, c.symbol, dw.market_now()
    FROM changed_rows c JOIN (SELECT s.symbol, dw.processed_to(s.symbol) AS past FROM (SELECT DISTINCT symbol FROM changed_rows) s) p USING (symbol)
    WHERE c.time <= p.past
    ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END $$;

-- A row that moves to another time or symbol goes from the one and comes to the other.
CREATE FUNCTION dw.note_updated_bars() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM dw.note_change(k.symbol, min(k.time)) FROM (
    SELECT o.symbol, o.time FROM old_rows o LEFT JOIN changed_rows n ON n.time = o.time AND n.symbol = o.symbol
    WHERE n.time IS NULL OR (n.open, n.high, n.low, n.close, n.volume) IS DISTINCT FROM (o.open, o.high, o.low, o.close, o.volume)
    UNION ALL
    SELECT n.symbol, n.time FROM changed_rows n LEFT JOIN old_rows o ON n.time = o.time AND n.symbol = o.symbol WHERE o.time IS NULL
  ) k GROUP BY k.symbol;
  IF dw.has_begun() THEN
    INSERT INTO dw.bar_first_seen (time, symbol, seen_at)
    SELECT n.time, n.symbol, dw.market_now()
    FROM changed_rows n LEFT JOIN old_rows o ON n.time = o.time AND n.symbol = o.symbol
    WHERE o.time IS NULL AND n.time <= dw.processed_to(n.symbol)
    ON CONFLICT DO NOTHING;
  END IF;
  DELETE FROM dw.feature_values f USING old_rows o
  WHERE f.time = o.time AND f.symbol = o.symbol
    AND NOT EXISTS (SELECT 1 FROM changed_rows n WHERE n.time = o.time AND n.symbol = o.symbol);
  RETURN NULL;
END $$;

-- A bar that is no longer has no features.
CREATE FUNCTION dw.note_deleted_bars() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM dw.note_change(symbol, min(time)) FROM changed_rows GROUP BY symbol;
  DELETE FROM dw.feature_values f USING changed_rows o WHERE f.time = o.time AND f.symbol = o.symbol;
  RETURN NULL;
END $$;

CREATE TRIGGER e_change_insert AFTER INSERT ON usdcop_m5_ohlcv
  REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION dw.note_inserted_bars();
CREATE TRIGGER e_change_update AFTER UPDATE ON usdcop_m5_ohlcv
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION dw.note_updated_bars();
CREATE TRIGGER e_change_delete AFTER DELETE ON usdcop_m5_ohlcv
  REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION dw.note_deleted_bars();

-- Bars that were stored before this, and whose features rest on bars that are no longer.
DELETE FROM dw.feature_values f WHERE NOT EXISTS (SELECT 1 FROM usdcop_m5_ohlcv b WHERE b.time = f.time AND b.symbol = f.symbol);

-- As before; nothing was seen before the first cycle; and a row that moves is removed from where it was.
CREATE OR REPLACE FUNCTION dw.record_revision() RETURNS trigger LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
  was jsonb := to_jsonb(OLD);
  becomes jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(NEW) ELSE '{}' END;
  row_key jsonb := (SELECT jsonb_object_agg(k, was -> k) FROM unnest(TG_ARGV) k);
  source text := coalesce(becomes ->> 'source', was ->> 'source');
  seen timestamptz := dw.market_now();
BEGIN
  IF TG_OP = 'UPDATE' AND row_key <> (SELECT jsonb_object_agg(k, becomes -> k) FROM unnest(TG_ARGV) k) THEN becomes := '{}'; END IF;
  IF TG_ARGV[0] = 'time' AND ((was ->> 'time')::timestamptz > dw.processed_to(was ->> 'symbol') OR NOT dw.has_begun()) THEN
    seen := least(seen, (was ->> 'time')::timestamptz);
  END IF;
  INSERT INTO revisions (table_name, row_key, column_name, old_value, new_value, source, seen_at)
  SELECT TG_TABLE_NAME, row_key, o.key, o.value, becomes ->> o.key, source, seen
  FROM jsonb_each_text(was) o
  WHERE o.value IS NOT NULL AND o.value IS DISTINCT FROM becomes ->> o.key
    AND o.key <> ALL (TG_ARGV) AND o.key NOT IN ('recorded_at', 'fecha');
  RETURN NULL;
END $$;

-- ---------------------------------------------------------------------------------------------------------------- snapshots

-- What of the bars a snapshot takes into account; one kept while a change was under way does not count.
DELETE FROM dw.market_snapshots;
ALTER TABLE dw.market_snapshots ADD COLUMN seen pg_snapshot NOT NULL;

-- The first bar, up to `last_bar`, of what `seen` does not show. A transaction that lies ahead is of another server: a copy.
CREATE FUNCTION dw.changed_since(seen pg_snapshot, symbols text[], last_bar timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT min(first_bar) FROM dw.bar_changes
  WHERE symbol = ANY (symbols) AND first_bar <= last_bar
    AND xid >= pg_snapshot_xmin(seen) AND NOT pg_visible_in_snapshot(xid, seen) AND xid < pg_snapshot_xmax(pg_current_snapshot())
$$;

-- Begins the bars after `last_taken`, `first_bar` to `up_to`: from now on they are the past. Answers, of one instant, with what was
-- changed up to `last_taken` and is not in `seen` (null: not in what the feature values take into account), the traded symbol's
-- bars up to `first_bar`, and the other symbols' up to `up_to`; one row at least. Loads wait, as it waits for them.
CREATE FUNCTION dw.take_bars(traded text, others text[], last_taken timestamptz, first_bar timestamptz, up_to timestamptz, seen pg_snapshot)
  RETURNS TABLE (seen_now text, changed timestamptz, symbol text, "time" timestamptz, open numeric, high numeric, low numeric, close numeric, volume bigint)
  LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE known pg_snapshot := coalesce(seen, (SELECT mended FROM dw.market_progress WHERE symbol = traded));
BEGIN
  PERFORM pg_advisory_xact_lock(7446002);
  RETURN QUERY
  WITH news AS MATERIALIZED (SELECT dw.changed_since(known, traded || others, last_taken) AS first),
  mark AS (
    INSERT INTO dw.market_progress AS p (symbol, reads, taken_to, mended)
    SELECT traded, others, up_to, CASE WHEN news.first IS NULL THEN pg_current_snapshot() END FROM news
    ON CONFLICT (symbol) DO UPDATE SET reads = excluded.reads, taken_to = greatest(p.taken_to, excluded.taken_to),
      mended = coalesce(excluded.mended, p.mended)
  )
  SELECT pg_current_snapshot()::text, news.first, b.symbol, b.time, b.open, b.high, b.low, b.close, b.volume
  FROM news LEFT JOIN usdcop_m5_ohlcv b
    ON b.time > last_taken AND (b.symbol = traded AND b.time <= first_bar OR b.symbol = ANY (others) AND b.time <= up_to)
  ORDER BY b.time;
END $$;
