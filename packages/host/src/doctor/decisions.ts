import { catalogue } from '../models/catalogue.js';
import { bundledStandings, promotedStandings } from '../models/standing.js';
import { openArtifacts } from '../stores/artifacts/open.js';
import { loadSuspensions } from '../stores/postgres/plugin-faults.js';
import { openPool } from '../stores/postgres/pool.js';
import { listStrategies } from '../stores/postgres/strategies.js';
import { count, fail, pass, skip, some, warn, type Check } from './check.js';

/** Packages of the allow-list: installed, of this version's contract, loaded without an error. */
export const plugins: Check = {
  name: 'plugins',
  needs: 'nothing',
  run({ discovered }) {
    const broken = discovered.flatMap((one) => ('problem' in one ? [one] : []));
    if (broken.length > 0)
      return fail(
        broken.map(({ problem }) => `${problem.code} ${problem.message}`).join(' '),
        broken[0]!.problem.remedy,
      );
    if (discovered.length === 0)
      return fail('no package is on the allow-list', 'signalbox plugins add @signalbox/strategy-ml-xgb');
    return pass(`${count(discovered.length, 'package')} loaded`);
  },
};

/** Somebody must be asked at all. */
export const active: Check = {
  name: 'strategies.active',
  needs: 'database',
  async run({ db, discovered }) {
    const rows = await listStrategies(db);
    const on = rows.filter((row) => row.active);
    if (rows.length === 0)
      return fail('dw.dim_strategy has no row', 'signalbox start gives every package on the allow-list its row.');
    if (on.length === 0)
      return fail(
        `none of ${count(rows.length, 'strategy').replace(/ys$/, 'ies')} is active`,
        `signalbox psql -- -c "UPDATE dw.dim_strategy SET is_active = TRUE WHERE strategy_code = '${rows[0]!.code}'"`,
      );
    const suspended = await loadSuspensions(db);
    const stopped = on.filter((row) => suspended.has(row.code));
    if (stopped.length > 0)
      return warn(
        `suspended: ${stopped.map((row) => `${row.code} (${suspended.get(row.code)})`).join(', ')}`,
        `When its cause is mended: signalbox plugins resume ${stopped[0]!.code}`,
      );
    const packages = new Set(discovered.flatMap((one) => ('strategy' in one ? [one.package] : [])));
    const absent = on.filter((row) => row.package !== null && !packages.has(row.package));
    if (absent.length > 0)
      return warn(
        `active without a package that could serve: ${absent.map((row) => `${row.code} (${row.package})`).join(', ')}`,
        `npm install ${absent[0]!.package} && signalbox plugins add ${absent[0]!.package}`,
      );
    return pass(on.map((row) => row.code).join(', '));
  },
};

/** Signals of the last day of market time; where there are none, what the strategies said instead. */
export const signals: Check = {
  name: 'signals.recent',
  needs: 'database',
  async run({ db, plan, now }) {
    const { rows } = await db.query<{ newest: number | null; n: number; bar: number | null }>(
      `SELECT max(bar_time) AS newest,
         (SELECT max(time) FROM usdcop_m5_ohlcv WHERE symbol = $1) AS bar,
         count(*) FILTER (WHERE bar_time > (SELECT max(time) FROM usdcop_m5_ohlcv WHERE symbol = $1) - interval '1 day')::int AS n
       FROM dw.fact_strategy_signals WHERE run_id = 'live'`,
      [plan.instrument.symbol],
    );
    const { newest, n, bar } = rows[0]!;
    if (bar === null) return skip('no bar is stored');
    if (n > 0) return pass(`${count(n, 'signal')} in the day up to the newest bar`);
    const { rows: instead } = await db.query<{ strategy: string; code: string; n: number }>(
      `SELECT d.strategy_code AS strategy, f.code, count(*)::int AS n FROM dw.fact_no_signal f JOIN dw.dim_strategy d USING (strategy_id)
       WHERE f.run_id = 'live' AND f.bar_time > $1::timestamptz - interval '1 day' GROUP BY 1, 2 ORDER BY 3 DESC`,
      [new Date(bar)],
    );
    const when = newest === null ? 'none was ever given' : `the newest is of ${new Date(newest).toISOString()}`;
    if (instead.length > 0)
      return fail(
        `no signal in the day up to the newest bar (${when}); said instead: ${some(instead.map((row) => `${row.strategy} ${row.code} × ${row.n}`))}`,
        remedyOf(instead[0]!.code),
      );
    return fail(
      `no signal in the day up to the newest bar (${when}), and no strategy was asked`,
      now === undefined
        ? 'signalbox start: a host decides upon bars as they come.'
        : 'Is a host running, and a bar arriving? signalbox logs host --since 1h',
    );
  },
};

function remedyOf(code: string): string {
  if (code === 'missing_feature')
    return 'See the checks feeds and bars.gaps: a value that the strategy needs is not there.';
  if (code === 'warmup') return 'Take more history in: signalbox ingest bars FILE.';
  if (code === 'unavailable') return 'signalbox plugins list says what it lacks: a model, a key.';
  return 'signalbox plugins list says where each strategy stands; signalbox logs host --since 1h.';
}

/** Model files and the features that they were trained on. */
export const models: Check = {
  name: 'models',
  needs: 'database',
  async run({ config, connection, discovered, plan }) {
    const installed = discovered.flatMap((one) => ('strategy' in one ? [one.strategy] : []));
    const artifacts = await openArtifacts(config.projectDir, config.artifacts);
    const pool = openPool(connection, { max: 2 });
    try {
      const standings = [
        ...bundledStandings(installed, plan),
        ...(await promotedStandings(artifacts.store, pool, plan)),
      ];
      const broken = standings.filter((one) => one.ok === false);
      if (broken.length > 0)
        return fail(
          broken
            .map(
              (one) =>
                `${one.strategy} ${one.model}: ${one.broken.map((b) => `${b.feature} is defined otherwise (${b.field})`).join(', ')}`,
            )
            .join('; '),
          'Train it again on today’s features, or take the change back: signalbox features check',
        );
      const all = await catalogue(artifacts, pool, installed);
      const bad = all.filter((one) => one.state === 'refused' || one.state === 'missing');
      const line = (one: (typeof all)[number]): string =>
        `${one.strategy_code} v${one.version} ${one.state}: ${one.reason ?? one.file}`;
      const live = bad.find((one) => one.champion) ?? bad[0];
      if (live) return fail(some(bad.map(line)), live.remedy ?? `signalbox models rollback ${live.strategy_code}`);
      const unverified = all.filter((one) => one.state === 'unverified');
      if (unverified.length > 0)
        return warn(
          some(unverified.map(line)),
          unverified[0]!.remedy ?? `signalbox models add ${unverified[0]!.strategy_code} v${unverified[0]!.version}`,
        );
      const unclear = standings.filter((one) => one.ok === null);
      if (unclear.length > 0)
        return warn(
          some(unclear.map(({ strategy, model, reason }) => `${strategy} ${model}: ${reason}`)),
          'Install the package again, or store the manifest again: what the model was trained on is not known.',
        );
      return pass(`${count(all.length, 'model')}, none refused`);
    } finally {
      await pool.end();
    }
  },
};
