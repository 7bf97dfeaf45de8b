-- A lifted halt and a suspended plugin are audited, too. A row that names its strategy by number is told by the strategy's code.
CREATE OR REPLACE FUNCTION dw.audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) - TG_ARGV[1:] END;
  now_is jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}' ELSE to_jsonb(NEW) - TG_ARGV[1:] END;
  row_of jsonb := coalesce(nullif(now_is, '{}'), was);
  secret_changed boolean := TG_OP = 'UPDATE' AND to_jsonb(OLD) IS DISTINCT FROM to_jsonb(NEW);
  subject text := row_of ->> TG_ARGV[0];
  changed jsonb := '{}';
BEGIN
  IF TG_OP = 'UPDATE' THEN
    SELECT coalesce(jsonb_object_agg(key, jsonb_build_array(was -> key, value)), '{}') INTO changed
    FROM jsonb_each(now_is) WHERE was -> key IS DISTINCT FROM value;
    IF changed = '{}' AND NOT secret_changed THEN RETURN NULL; END IF;
  ELSE
    changed := row_of;
  END IF;
  IF TG_ARGV[0] = 'strategy_id' THEN
    SELECT d.strategy_code INTO subject FROM dw.dim_strategy d WHERE d.strategy_id = (row_of ->> 'strategy_id')::integer;
  END IF;
  INSERT INTO dw.audit (actor, action, subject, detail) VALUES (
    coalesce(nullif(current_setting('signalbox.actor', true), ''), row_of ->> 'actor', 'database role ' || session_user),
    TG_TABLE_NAME || '.' || lower(TG_OP), subject, changed);
  RETURN NULL;
END $$;

CREATE TRIGGER risk_resets_audit AFTER INSERT ON dw.risk_resets
  FOR EACH ROW EXECUTE FUNCTION dw.audit_row('strategy_id');
CREATE TRIGGER plugin_suspensions_audit AFTER INSERT OR DELETE OR UPDATE ON dw.plugin_suspensions
  FOR EACH ROW EXECUTE FUNCTION dw.audit_row('strategy_id');
