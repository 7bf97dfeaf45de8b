-- Where a named reader of a stream stands, when the event table is the stream (no Redis).
CREATE TABLE dw.stream_groups (
  stream       text NOT NULL,
  name         text NOT NULL,
  acknowledged bigint NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (stream, name)
);

CREATE INDEX events_type_seq ON dw.events (type, seq) WHERE seq IS NOT NULL;

-- The reference's `SELECT * FROM timescaledb_information.hypertables` answers where there is no TimescaleDB too: with no row,
-- because nothing is a hypertable. Whoever installs the extension later drops this schema first.
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'timescaledb_information') THEN
    CREATE SCHEMA timescaledb_information;
    COMMENT ON SCHEMA timescaledb_information IS
      'Stands in while TimescaleDB is absent. Before CREATE EXTENSION timescaledb: DROP SCHEMA timescaledb_information CASCADE';
    CREATE VIEW timescaledb_information.hypertables AS
      SELECT NULL::name AS hypertable_schema, NULL::name AS hypertable_name, NULL::name AS owner, NULL::smallint AS num_dimensions,
        NULL::bigint AS num_chunks, NULL::boolean AS compression_enabled, NULL::name[] AS tablespaces
      WHERE false;
  END IF;
END $$;
