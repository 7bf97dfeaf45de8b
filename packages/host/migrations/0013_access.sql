-- Who may do what (`users` stands in the first migration), and who did what.

-- A key is shown once, when it is made; kept is its digest alone. 256 random bits need no slow hash.
CREATE TABLE dw.api_key (
  key_id       text PRIMARY KEY CHECK (key_id ~ '^[a-z0-9]{8}$'),
  name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  role         text NOT NULL CHECK (role IN ('viewer', 'trader', 'admin')),
  digest       bytea NOT NULL CHECK (length(digest) = 32),
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  revoked_at   timestamptz,
  last_used_at timestamptz
);
CREATE UNIQUE INDEX api_key_name ON dw.api_key (name) WHERE revoked_at IS NULL;

-- Sessions of the page. The cookie holds the token, the row its digest; all times are wall time.
CREATE TABLE dw.login_session (
  digest       bytea PRIMARY KEY CHECK (length(digest) = 32),
  user_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
  created_at   timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz NOT NULL
);
CREATE INDEX login_session_user ON dw.login_session (user_id);

-- Append-only, and chained: each row's hash covers the row before it, so that a changed or missing row shows.
CREATE TABLE dw.audit (
  audit_id    bigint PRIMARY KEY,
  recorded_at timestamptz NOT NULL,
  actor       text NOT NULL,
  role        text,
  address     text,
  action      text NOT NULL,
  subject     text,
  detail      jsonb NOT NULL DEFAULT '{}',
  hash        bytea NOT NULL
);

CREATE FUNCTION dw.audit_hash(before bytea, id bigint, at timestamptz, actor text, role text, address text, action text,
  subject text, detail jsonb) RETURNS bytea LANGUAGE sql STABLE AS
$$ SELECT sha256(coalesce(before, ''::bytea) || convert_to(jsonb_build_array(id,
     to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), actor, role, address, action, subject, detail)::text, 'UTF8')) $$;

-- One writer at a time: the number and the hash follow from the row before.
CREATE FUNCTION dw.chain_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('signalbox.audit', 0));
  SELECT audit_id, hash INTO last FROM dw.audit ORDER BY audit_id DESC LIMIT 1;
  NEW.audit_id := coalesce(last.audit_id, 0) + 1;
  NEW.recorded_at := clock_timestamp();
  NEW.hash := dw.audit_hash(last.hash, NEW.audit_id, NEW.recorded_at, NEW.actor, NEW.role, NEW.address, NEW.action,
    NEW.subject, NEW.detail);
  RETURN NEW;
END $$;
CREATE TRIGGER audit_chain BEFORE INSERT ON dw.audit FOR EACH ROW EXECUTE FUNCTION dw.chain_audit();

CREATE FUNCTION dw.refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON dw.audit FOR EACH ROW EXECUTE FUNCTION dw.refuse_audit_change();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON dw.audit FOR EACH STATEMENT EXECUTE FUNCTION dw.refuse_audit_change();

-- What governs the host is audited whoever changes it, by psql too. `signalbox.actor` says who; without it the database role.
-- Arguments: the column that names the row, then columns that are never written down.
CREATE FUNCTION dw.audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) - TG_ARGV[1:] END;
  now_is jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}' ELSE to_jsonb(NEW) - TG_ARGV[1:] END;
  row_of jsonb := coalesce(nullif(now_is, '{}'), was);
  secret_changed boolean := TG_OP = 'UPDATE' AND to_jsonb(OLD) IS DISTINCT FROM to_jsonb(NEW);
  changed jsonb := '{}';
BEGIN
  IF TG_OP = 'UPDATE' THEN
    SELECT coalesce(jsonb_object_agg(key, jsonb_build_array(was -> key, value)), '{}') INTO changed
    FROM jsonb_each(now_is) WHERE was -> key IS DISTINCT FROM value;
    IF changed = '{}' AND NOT secret_changed THEN RETURN NULL; END IF;
  ELSE
    changed := row_of;
  END IF;
  INSERT INTO dw.audit (actor, action, subject, detail) VALUES (
    coalesce(nullif(current_setting('signalbox.actor', true), ''), row_of ->> 'actor', 'database role ' || session_user),
    TG_TABLE_NAME || '.' || lower(TG_OP), row_of ->> TG_ARGV[0], changed);
  RETURN NULL;
END $$;

CREATE TRIGGER users_audit AFTER INSERT OR DELETE OR UPDATE OF email, name, password_hash, role ON users
  FOR EACH ROW EXECUTE FUNCTION dw.audit_row('email', 'password_hash');
CREATE TRIGGER api_key_audit AFTER INSERT OR DELETE OR UPDATE OF name, role, digest, expires_at, revoked_at ON dw.api_key
  FOR EACH ROW EXECUTE FUNCTION dw.audit_row('name', 'digest', 'last_used_at');
CREATE TRIGGER dim_strategy_audit AFTER INSERT OR DELETE OR UPDATE ON dw.dim_strategy
  FOR EACH ROW EXECUTE FUNCTION dw.audit_row('strategy_code');
CREATE TRIGGER model_champion_audit AFTER INSERT ON dw.model_champion
  FOR EACH ROW EXECUTE FUNCTION dw.audit_row('strategy_code');
