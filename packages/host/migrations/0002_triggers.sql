-- What the database does by itself, so that a bare INSERT by anyone gets the same treatment as the host's: the world guard,
-- the time of the bar, revisions, first-seen times, events.

-- -------------------------------------------------------------------------------------------------------- the bar of a fact

-- `timestamp_utc` is the completion of the bar. A stamp inside a slot belongs to the bar completed last.
CREATE FUNCTION dw.fill_bar_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.bar_time := date_bin('5 minutes', NEW.timestamp_utc, 'epoch'::timestamptz) - interval '5 minutes';
  RETURN NEW;
END $$;

CREATE TRIGGER a_bar_time BEFORE INSERT ON dw.fact_strategy_signals
  FOR EACH ROW WHEN (NEW.bar_time IS NULL) EXECUTE FUNCTION dw.fill_bar_time();
CREATE TRIGGER a_bar_time BEFORE INSERT ON dw.fact_no_signal
  FOR EACH ROW WHEN (NEW.bar_time IS NULL) EXECUTE FUNCTION dw.fill_bar_time();
CREATE TRIGGER a_bar_time BEFORE INSERT ON dw.fact_equity_curve
  FOR EACH ROW WHEN (NEW.bar_time IS NULL) EXECUTE FUNCTION dw.fill_bar_time();

-- ---------------------------------------------------------------------------------------------------------- the world guard

CREATE FUNCTION dw.raise_world_mismatch(tbl text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'WORLD_MISMATCH: % rows for % in a % world',
    CASE WHEN dw.is_simulated() THEN 'market' ELSE 'simulated' END, tbl,
    CASE WHEN dw.is_simulated() THEN 'simulated' ELSE 'market' END
    USING ERRCODE = 'SB001', HINT = 'Write them into a database of their own world.';
END $$;

CREATE FUNCTION dw.guard_source() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE world boolean := dw.is_simulated();
BEGIN
  IF EXISTS (SELECT 1 FROM new_rows WHERE (source = 'simulated') <> world) THEN
    PERFORM dw.raise_world_mismatch(TG_TABLE_NAME);
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION dw.guard_simulated() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE world boolean := dw.is_simulated();
BEGIN
  IF EXISTS (SELECT 1 FROM new_rows WHERE simulated <> world) THEN
    PERFORM dw.raise_world_mismatch(TG_TABLE_NAME);
  END IF;
  RETURN NULL;
END $$;

DO $$
DECLARE t text; guard text;
BEGIN
  FOREACH t IN ARRAY ARRAY['public.usdcop_m5_ohlcv', 'public.macro_indicators_daily', 'dw.fact_strategy_signals', 'dw.fact_no_signal',
    'dw.fact_strategy_positions', 'dw.fact_equity_curve', 'dw.fact_strategy_performance', 'dw.alerts'] LOOP
    guard := CASE WHEN t LIKE 'public.%' THEN 'dw.guard_source' ELSE 'dw.guard_simulated' END;
    EXECUTE format('CREATE TRIGGER b_world_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %s()', t, guard);
    EXECUTE format('CREATE TRIGGER b_world_update AFTER UPDATE ON %s REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %s()', t, guard);
  END LOOP;
END $$;

CREATE FUNCTION dw.world_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'WORLD_MISMATCH: the kind of a world is fixed when it is created'
    USING ERRCODE = 'SB001', HINT = 'Create another database for another world.';
END $$;
CREATE TRIGGER world_is_fixed BEFORE UPDATE OF kind ON dw.world
  FOR EACH ROW WHEN (OLD.kind IS DISTINCT FROM NEW.kind) EXECUTE FUNCTION dw.world_is_fixed();

-- ---------------------------------------------------------------------------------------------------------------- revisions

-- Arguments: the columns of the row's key. `recorded_at` and generated columns are no values.
CREATE FUNCTION dw.record_revision() RETURNS trigger LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
  was jsonb := to_jsonb(OLD);
  becomes jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(NEW) ELSE '{}' END;
  row_key jsonb := (SELECT jsonb_object_agg(k, was -> k) FROM unnest(TG_ARGV) k);
BEGIN
  INSERT INTO revisions (table_name, row_key, column_name, old_value, new_value, source)
  SELECT TG_TABLE_NAME, row_key, o.key, o.value, becomes ->> o.key, coalesce(becomes ->> 'source', was ->> 'source')
  FROM jsonb_each_text(was) o
  WHERE o.value IS NOT NULL AND o.value IS DISTINCT FROM becomes ->> o.key
    AND o.key <> ALL (TG_ARGV) AND o.key NOT IN ('recorded_at', 'fecha');
  RETURN NULL;
END $$;

CREATE TRIGGER c_revision_update AFTER UPDATE ON usdcop_m5_ohlcv
  FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION dw.record_revision('time', 'symbol');
CREATE TRIGGER c_revision_delete AFTER DELETE ON usdcop_m5_ohlcv
  FOR EACH ROW EXECUTE FUNCTION dw.record_revision('time', 'symbol');
CREATE TRIGGER c_revision_update AFTER UPDATE ON macro_indicators_daily
  FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION dw.record_revision('date');
CREATE TRIGGER c_revision_delete AFTER DELETE ON macro_indicators_daily
  FOR EACH ROW EXECUTE FUNCTION dw.record_revision('date');

CREATE FUNCTION dw.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'SB002';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON revisions
  FOR EACH STATEMENT EXECUTE FUNCTION dw.refuse_change();

-- -------------------------------------------------------------------------------------------------- macro values, first seen

CREATE FUNCTION dw.record_first_seen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE was jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}' END;
BEGIN
  IF EXISTS (SELECT 1 FROM dw.world WHERE first_cycle_at IS NOT NULL) THEN
    INSERT INTO dw.macro_first_seen (date, series, seen_at)
    SELECT NEW.date, n.key, dw.market_now()
    FROM jsonb_each_text(to_jsonb(NEW)) n
    WHERE n.value IS NOT NULL AND was ->> n.key IS NULL AND n.key NOT IN ('date', 'fecha', 'source', 'recorded_at')
    ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER c_first_seen_insert AFTER INSERT ON macro_indicators_daily
  FOR EACH ROW EXECUTE FUNCTION dw.record_first_seen();
CREATE TRIGGER c_first_seen_update AFTER UPDATE ON macro_indicators_daily
  FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION dw.record_first_seen();

-- ------------------------------------------------------------------------------------------------------------------- events

CREATE FUNCTION dw.wake_relay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('signalbox_events', '');
  RETURN NULL;
END $$;
CREATE TRIGGER wake_relay AFTER INSERT ON dw.events FOR EACH STATEMENT EXECUTE FUNCTION dw.wake_relay();

CREATE FUNCTION dw.emit_signals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF dw.is_silent() OR NOT EXISTS (SELECT 1 FROM new_rows WHERE run_id = 'live') THEN RETURN NULL; END IF;
  INSERT INTO dw.events (type, time, simulated, payload)
  SELECT 'signal_update', s.timestamp_utc, s.simulated, jsonb_build_object(
    'strategy_code', d.strategy_code, 'signal', s.signal, 'confidence', trim_scale(s.confidence),
    -- flat and close carry no price of their own: the bar's close
    'price', trim_scale(coalesce(s.entry_price, b.close)), 'timestamp', dw.iso(s.timestamp_utc),
    'symbol', s.symbol, 'bar_time', dw.iso(s.bar_time), 'signal_id', s.signal_id, 'side', s.side, 'size', trim_scale(s.size),
    'stop_loss', trim_scale(s.stop_loss), 'take_profit', trim_scale(s.take_profit), 'risk_usd', s.risk_usd,
    'reasoning', s.reasoning, 'mode', s.mode, 'origin', s.origin, 'not_traded', s.not_traded, 'simulated', s.simulated)
  FROM new_rows s
  JOIN dw.dim_strategy d USING (strategy_id)
  LEFT JOIN usdcop_m5_ohlcv b ON b.symbol = s.symbol AND b.time = s.bar_time
  WHERE s.run_id = 'live'
  ORDER BY s.signal_id;
  RETURN NULL;
END $$;
CREATE TRIGGER d_event AFTER INSERT ON dw.fact_strategy_signals
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION dw.emit_signals();

CREATE FUNCTION dw.emit_position(p dw.fact_strategy_positions, action text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO dw.events (type, time, simulated, payload)
  SELECT 'position_change', at, p.simulated, jsonb_build_object(
    'strategy_code', d.strategy_code, 'action', action, 'side', p.side, 'quantity', trim_scale(p.quantity),
    'price', trim_scale(CASE action WHEN 'open' THEN p.entry_price ELSE p.exit_price END), 'timestamp', dw.iso(at),
    'symbol', p.symbol, 'position_id', p.position_id, 'entry_time', dw.iso(p.entry_time),
    'realized_pnl', CASE action WHEN 'close' THEN p.realized_pnl END, 'fees', p.fees, 'close_reason', p.close_reason,
    'simulated', p.simulated)
  FROM dw.dim_strategy d, (SELECT CASE action WHEN 'open' THEN p.entry_time ELSE p.exit_time END AS at) t
  WHERE d.strategy_id = p.strategy_id
$$;

CREATE FUNCTION dw.emit_opened() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE p dw.fact_strategy_positions;
BEGIN
  IF dw.is_silent() THEN RETURN NULL; END IF;
  FOR p IN SELECT * FROM new_rows WHERE run_id = 'live' ORDER BY position_id LOOP
    PERFORM dw.emit_position(p, 'open');
    IF p.status = 'closed' THEN PERFORM dw.emit_position(p, 'close'); END IF;
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER d_event_insert AFTER INSERT ON dw.fact_strategy_positions
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION dw.emit_opened();

CREATE FUNCTION dw.emit_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT dw.is_silent() THEN PERFORM dw.emit_position(NEW, 'close'); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER d_event_update AFTER UPDATE ON dw.fact_strategy_positions
  FOR EACH ROW WHEN (OLD.status = 'open' AND NEW.status = 'closed' AND NEW.run_id = 'live') EXECUTE FUNCTION dw.emit_closed();

-- One event per statement and symbol, with the newest stored bar, however many rows the statement has. `change` is against
-- the close of the bar before it.
CREATE FUNCTION dw.emit_price(changed_symbol text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO dw.events (type, time, simulated, payload)
  SELECT 'price_update', b.time, dw.is_simulated(), jsonb_build_object(
    'symbol', b.symbol, 'price', trim_scale(b.close), 'timestamp', dw.iso(b.time), 'volume', b.volume,
    'change', trim_scale(b.close - b.before), 'change_percent', trim_scale(round((b.close / b.before - 1) * 100, 4)),
    'source', b.source, 'open', trim_scale(b.open), 'high', trim_scale(b.high), 'low', trim_scale(b.low),
    'bar_time', dw.iso(b.time), 'simulated', dw.is_simulated())
  FROM (
    SELECT *, lead(close) OVER (ORDER BY time DESC) AS before
    FROM (SELECT * FROM usdcop_m5_ohlcv WHERE symbol = changed_symbol ORDER BY time DESC LIMIT 2) newest
    ORDER BY time DESC LIMIT 1
  ) b
$$;

CREATE FUNCTION dw.emit_bars() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT dw.is_silent() THEN
    PERFORM dw.emit_price(symbol) FROM (SELECT DISTINCT symbol FROM new_rows) s;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER d_event_insert AFTER INSERT ON usdcop_m5_ohlcv
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION dw.emit_bars();
CREATE TRIGGER d_event_update AFTER UPDATE ON usdcop_m5_ohlcv
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION dw.emit_bars();

CREATE FUNCTION dw.emit_alert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT dw.is_silent() THEN
    INSERT INTO dw.events (type, time, simulated, payload)
    SELECT 'alert', NEW.timestamp_utc, NEW.simulated, jsonb_build_object(
      'severity', NEW.severity, 'code', NEW.code, 'message', NEW.message,
      'strategy', (SELECT strategy_code FROM dw.dim_strategy d WHERE d.strategy_id = NEW.strategy_id),
      'timestamp', dw.iso(NEW.timestamp_utc), 'symbol', NEW.symbol, 'alert_id', NEW.alert_id, 'simulated', NEW.simulated);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER d_event AFTER INSERT ON dw.alerts
  FOR EACH ROW WHEN (NEW.run_id = 'live') EXECUTE FUNCTION dw.emit_alert();
