-- Signals of strategies that run elsewhere, on their way into the paper book; resets of the drawdown halt.

-- When the host has taken an external signal into the book, or has said in `not_traded` why it has not.
ALTER TABLE dw.fact_strategy_signals ADD COLUMN booked_at timestamptz;
UPDATE dw.fact_strategy_signals SET booked_at = recorded_at WHERE origin = 'external';
CREATE INDEX fact_strategy_signals_unbooked ON dw.fact_strategy_signals (symbol, bar_time)
  WHERE origin = 'external' AND run_id = 'live' AND booked_at IS NULL;

CREATE FUNCTION dw.receive_signal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE newest timestamptz;
BEGIN
  -- a replayed world's clock stands in the past: "now" is its newest bar
  IF dw.is_simulated() AND NEW.bar_time = date_bin('5 minutes', NEW.timestamp_utc, 'epoch'::timestamptz) - interval '5 minutes' THEN
    SELECT max(time) INTO newest FROM usdcop_m5_ohlcv WHERE symbol = NEW.symbol;
    IF NEW.timestamp_utc >= newest + interval '15 minutes' THEN
      NEW.bar_time := newest;
      NEW.timestamp_utc := newest + interval '5 minutes';
    END IF;
  END IF;
  -- what a package serves is not traded on anybody else's word
  IF EXISTS (SELECT 1 FROM dw.dim_strategy WHERE strategy_id = NEW.strategy_id AND package IS NOT NULL) THEN
    NEW.not_traded := 'has_package';
    NEW.booked_at := now();
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER b_receive BEFORE INSERT ON dw.fact_strategy_signals
  FOR EACH ROW WHEN (NEW.origin = 'external' AND NEW.run_id = 'live') EXECUTE FUNCTION dw.receive_signal();

-- The signal that a package gives goes before one that somebody else wrote in its name.
CREATE FUNCTION dw.supersede_signal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM dw.fact_strategy_signals s WHERE s.run_id = NEW.run_id AND s.strategy_id = NEW.strategy_id
    AND s.symbol = NEW.symbol AND s.bar_time = NEW.bar_time AND s.origin = 'external';
  RETURN NEW;
END $$;
CREATE TRIGGER b_supersede BEFORE INSERT ON dw.fact_strategy_signals
  FOR EACH ROW WHEN (NEW.origin = 'plugin' AND NEW.run_id = 'live') EXECUTE FUNCTION dw.supersede_signal();

-- As before; an external signal wakes the desk, and one from the future is no news.
CREATE OR REPLACE FUNCTION dw.emit_signals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM new_rows WHERE run_id = 'live') THEN RETURN NULL; END IF;
  PERFORM pg_notify('signalbox_desk', symbol) FROM (
    SELECT DISTINCT symbol FROM new_rows WHERE run_id = 'live' AND origin = 'external') s;
  IF dw.is_silent() THEN RETURN NULL; END IF;
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
    AND NOT (s.origin = 'external' AND s.timestamp_utc > greatest(now(), dw.market_now()) + interval '5 minutes')
  ORDER BY s.signal_id;
  RETURN NULL;
END $$;

-- As before, with the origin.
CREATE OR REPLACE FUNCTION dw.emit_position(p dw.fact_strategy_positions, action text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO dw.events (type, time, simulated, payload)
  SELECT 'position_change', at, p.simulated, jsonb_build_object(
    'strategy_code', d.strategy_code, 'action', action, 'side', p.side, 'quantity', trim_scale(p.quantity),
    'price', trim_scale(CASE action WHEN 'open' THEN p.entry_price ELSE p.exit_price END), 'timestamp', dw.iso(at),
    'symbol', p.symbol, 'position_id', p.position_id, 'entry_time', dw.iso(p.entry_time),
    'realized_pnl', CASE action WHEN 'close' THEN p.realized_pnl END, 'fees', p.fees, 'close_reason', p.close_reason,
    'origin', CASE WHEN d.package IS NULL THEN 'external' ELSE 'plugin' END, 'simulated', p.simulated)
  FROM dw.dim_strategy d, (SELECT CASE action WHEN 'open' THEN p.entry_time ELSE p.exit_time END AS at) t
  WHERE d.strategy_id = p.strategy_id
$$;

-- Who lifted a drawdown halt, when and why. The row asks for it; the desk that holds the book does it, and fills in the rest.
CREATE TABLE dw.risk_resets (
  reset_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  strategy_id  integer NOT NULL REFERENCES dw.dim_strategy (strategy_id),
  symbol       text NOT NULL DEFAULT 'USD/COP',
  reason       text NOT NULL CHECK (reason <> ''),
  actor        text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT now(),
  applied_at   timestamptz,
  -- Market time of the mark at which the peak restarts.
  mark_time    timestamptz,
  was_halted   boolean,
  peak_before  numeric(15,2),
  peak_after   numeric(15,2)
);
CREATE INDEX risk_resets_waiting ON dw.risk_resets (symbol) WHERE applied_at IS NULL;

CREATE FUNCTION dw.guard_risk_reset() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.applied_at IS NULL AND (OLD.strategy_id, OLD.symbol, OLD.reason, OLD.actor, OLD.requested_at)
       IS NOT DISTINCT FROM (NEW.strategy_id, NEW.symbol, NEW.reason, NEW.actor, NEW.requested_at) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'risk_resets is append-only' USING ERRCODE = 'SB002';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON dw.risk_resets
  FOR EACH ROW EXECUTE FUNCTION dw.guard_risk_reset();

CREATE FUNCTION dw.wake_desk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('signalbox_desk', NEW.symbol);
  RETURN NULL;
END $$;
CREATE TRIGGER wake_desk AFTER INSERT ON dw.risk_resets FOR EACH ROW EXECUTE FUNCTION dw.wake_desk();
