import { readMigrations } from '../stores/postgres/migrate.js';
import { count, fail, pass, skip, some, warn, type Check } from './check.js';

const OLDEST = 15;

export const version: Check = {
  name: 'database.version',
  needs: 'database',
  async run({ db }) {
    const { rows } = await db.query<{ number: string; version: string; standby: boolean; readonly: string }>(
      `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version,
         pg_is_in_recovery() AS standby, current_setting('default_transaction_read_only') AS readonly`,
    );
    const { number, version: text, standby, readonly } = rows[0]!;
    if (Number(number) < OLDEST * 10_000)
      return fail(
        `PostgreSQL ${text} is older than ${OLDEST}`,
        `Use PostgreSQL ${OLDEST} or newer, or the embedded one.`,
      );
    if (standby || readonly === 'on')
      return fail('the database takes no writes: a standby, or set read-only', 'Name the primary in DATABASE_URL.');
    return pass(`PostgreSQL ${text}`);
  },
};

export const migrations: Check = {
  name: 'database.migrations',
  needs: 'database',
  async run({ db }) {
    const wanted = await readMigrations();
    const { rows: there } = await db.query<{ found: boolean }>(
      `SELECT to_regclass('public.schema_migrations') IS NOT NULL AS found`,
    );
    const applied = there[0]!.found
      ? (await db.query<{ version: number; checksum: string }>('SELECT version, checksum FROM schema_migrations')).rows
      : [];
    const known = new Map(wanted.map((one) => [one.version, one]));
    const strange = applied.find((row) => known.get(row.version)?.checksum !== row.checksum);
    if (strange)
      return fail(
        `migration ${strange.version} of the database is not one of this version`,
        'Use the version of Signalbox that made the database, or a newer one.',
      );
    const missing = wanted.filter((one) => !applied.some((row) => row.version === one.version));
    return missing.length === 0
      ? pass(`${count(wanted.length, 'migration')} applied`)
      : warn(
          `not applied yet: ${some(missing.map((one) => one.name))}`,
          'signalbox start applies them; back up before.',
        );
  },
};

/** Every table that the applied migrations make. */
export const tables: Check = {
  name: 'database.tables',
  needs: 'database',
  async run({ db }) {
    const { rows: applied } = await db
      .query<{ version: number }>('SELECT version FROM schema_migrations')
      .catch(() => ({ rows: [] as { version: number }[] }));
    if (applied.length === 0)
      return fail(
        'the database has no tables of Signalbox',
        'signalbox start makes them; does DATABASE_URL name the right database?',
      );
    const versions = new Set(applied.map((row) => row.version));
    const names = new Set<string>();
    for (const { version: number, sql } of await readMigrations()) {
      if (!versions.has(number)) continue;
      for (const [, verb, name] of sql.matchAll(
        /^\s*(CREATE|DROP) TABLE (?:IF (?:NOT )?EXISTS )?([a-z_0-9]+(?:\.[a-z_0-9]+)?)/gm,
      ))
        if (verb === 'CREATE') names.add(name!);
        else names.delete(name!);
    }
    const { rows } = await db.query<{ name: string }>(
      'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL',
      [[...names]],
    );
    return rows.length === 0
      ? pass(`all ${names.size} are there`)
      : fail(
          `missing: ${some(rows.map((row) => row.name))}`,
          'Somebody removed them: signalbox restore FILE brings a backup back; without one, name a fresh database.',
        );
  },
};

export const counts: Check = {
  name: 'database.counts',
  needs: 'database',
  async run({ db }) {
    const names = ['usdcop_m5_ohlcv', 'macro_indicators_daily', 'dw.fact_strategy_signals', 'dw.fact_equity_curve'];
    const found: string[] = [];
    for (const name of names) {
      const { rows } = await db.query<{ n: number }>(`SELECT count(*) AS n FROM ${name}`);
      found.push(`${name} ${Number(rows[0]!.n).toLocaleString('en-US')}`);
    }
    return found[0]!.endsWith(' 0')
      ? fail(
          'no bar is stored',
          'Take bars in: signalbox ingest bars FILE; or signalbox start --world demo for simulated ones.',
        )
      : pass(found.join(', '));
  },
};

export const vacuum: Check = {
  name: 'database.vacuum',
  needs: 'database',
  async run({ db }) {
    const { rows } = await db.query<{ name: string; dead: number }>(
      `SELECT schemaname || '.' || relname AS name, n_dead_tup AS dead FROM pg_stat_user_tables
       WHERE n_dead_tup > 100000 AND n_dead_tup > n_live_tup ORDER BY 2 DESC`,
    );
    return rows.length === 0
      ? pass('no table is mostly dead rows')
      : warn(`mostly dead rows: ${some(rows.map((row) => row.name))}`, 'signalbox maintain');
  },
};

export const timescale: Check = {
  name: 'database.timescaledb',
  needs: 'database',
  async run({ db }) {
    const { rows } = await db.query<{ version: string }>(
      `SELECT extversion AS version FROM pg_extension WHERE extname = 'timescaledb'`,
    );
    if (rows.length === 0) return skip('not installed; the same schema stands on plain tables');
    const { rows: hyper } = await db.query(
      `SELECT 1 FROM timescaledb_information.hypertables WHERE hypertable_name = 'usdcop_m5_ohlcv'`,
    );
    return hyper.length === 1
      ? pass(`TimescaleDB ${rows[0]!.version}; usdcop_m5_ohlcv is a hypertable`)
      : warn(
          `TimescaleDB ${rows[0]!.version} is there, and usdcop_m5_ohlcv is a plain table`,
          `While no host runs: SELECT create_hypertable('usdcop_m5_ohlcv', 'time', migrate_data => true);`,
        );
  },
};

/** Wall clock against the database's: what is late is told by it. */
export const clock: Check = {
  name: 'clock',
  needs: 'database',
  async run({ db }) {
    const before = Date.now();
    const { rows } = await db.query<{ now: number }>('SELECT clock_timestamp() AS now');
    const apart = (Number(rows[0]!.now) - (before + Date.now()) / 2) / 1000;
    return clockFinding(apart);
  },
};

export function clockFinding(apart: number) {
  const text = `${Math.abs(apart).toFixed(1)} s apart from the database's`;
  const remedy = 'Set both clocks by NTP (timedatectl set-ntp true): bars are complete, and late, by the clock.';
  return Math.abs(apart) > 5 ? fail(text, remedy) : Math.abs(apart) > 1 ? warn(text, remedy) : pass(text);
}
