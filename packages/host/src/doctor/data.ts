import { addMacro } from '../inference/macro-series.js';
import { addOthers } from '../inference/market-memory.js';
import { lastComplete } from '../inference/schedule.js';
import { computeFeatures, createSymbolBars } from '@signalbox/core';
import { checkFeeds, needsOf } from '../ingest/feeds/check.js';
import { readBars } from '../stores/postgres/bars.js';
import { readMacro } from '../stores/postgres/macro.js';
import { openPool } from '../stores/postgres/pool.js';
import { listStrategies } from '../stores/postgres/strategies.js';
import { count, fail, pass, skip, some, warn, type Check, type OpenPatient } from './check.js';

const iso = (time: number): string => new Date(time).toISOString().slice(0, 16).replace('T', ' ');
const INGEST = 'Take them in: signalbox ingest bars FILE; what is stored already stays as it is.';

interface DayOfBars {
  readonly date: string;
  readonly inside: number;
  readonly outside: number;
}

/** Bars by local date, inside and outside the calendar's hours. */
async function days({ db, plan }: OpenPatient): Promise<DayOfBars[]> {
  const { calendar, instrument } = plan;
  const { rows } = await db.query<{ time: number }>(
    'SELECT time FROM usdcop_m5_ohlcv WHERE symbol = $1 ORDER BY time',
    [instrument.symbol],
  );
  const found: { date: string; inside: number; outside: number }[] = [];
  for (const { time } of rows) {
    const date = calendar.sessionDate(time);
    let day = found.at(-1);
    if (day?.date !== date) found.push((day = { date, inside: 0, outside: 0 }));
    if (calendar.slot(time)) day.inside++;
    else day.outside++;
  }
  return found;
}

export const freshness: Check = {
  name: 'bars.freshness',
  needs: 'database',
  async run({ db, plan, now }) {
    const { calendar, instrument } = plan;
    const { rows } = await db.query<{ newest: number | null }>(
      'SELECT max(time) AS newest FROM usdcop_m5_ohlcv WHERE symbol = $1',
      [instrument.symbol],
    );
    const newest = rows[0]!.newest;
    if (newest === null) return fail(`no bar of ${instrument.symbol} is stored`, INGEST);
    if (now === undefined) return skip(`newest ${iso(newest)} UTC; the demo clock stands still while no host runs`);
    const due = lastComplete(calendar, now);
    if (due === undefined || newest >= due) return pass(`newest bar ${iso(newest)} UTC`);
    const sessions = calendar.sessionsBetween(calendar.sessionDate(newest), calendar.sessionDate(due)).length - 1;
    const bars = Math.round((due - newest) / calendar.slotMs);
    const text = `the newest bar is of ${iso(newest)} UTC, ${sessions > 0 ? `${count(sessions, 'session')} behind` : `${count(bars, 'bar')} behind`}`;
    // one may be on its way
    return sessions === 0 && bars <= 2
      ? warn(text, 'Wait for the feed, or see signalbox logs host.')
      : fail(text, INGEST);
  },
};

export const gaps: Check = {
  name: 'bars.gaps',
  needs: 'database',
  async run(patient) {
    const { calendar } = patient.plan;
    const stored = await days(patient);
    if (stored.length === 0) return skip('no bar is stored');
    const inside = new Map(stored.map((day) => [day.date, day.inside]));
    const all = calendar.sessionsBetween(stored[0]!.date, stored.at(-1)!.date);
    // the last one may not be over
    const sessions = all.slice(0, -1);
    const absent = sessions.filter((date) => !inside.get(date));
    const short = sessions.filter(
      (date) => (inside.get(date) ?? 0) > 0 && inside.get(date)! < calendar.slotsPerSession,
    );
    const bars = short.reduce((sum, date) => sum + calendar.slotsPerSession - inside.get(date)!, 0);
    if (absent.length + short.length === 0) return pass(`${count(all.length, 'session')} without a gap`);
    return warn(
      `${count(absent.length, 'session')} without a bar${absent.length > 0 ? ` (${some(absent.slice(-5).reverse())})` : ''}, ` +
        `${count(bars, 'bar')} missing in ${count(short.length, 'other')}`,
      'Take the missing bars in: signalbox ingest bars FILE. Features stay missing across a gap; nothing is filled in.',
    );
  },
};

/** The key forbids two rows of one time; two names or two times of one bar it cannot see. */
export const duplicates: Check = {
  name: 'bars.duplicates',
  needs: 'database',
  async run({ db, plan }) {
    const { rows } = await db.query<{ symbol: string; bar: number; n: number }>(
      `SELECT min(symbol) AS symbol, date_bin($1 * interval '1 ms', time, '2000-01-01Z') AS bar, count(*)::int AS n FROM usdcop_m5_ohlcv
       GROUP BY upper(replace(symbol, '/', '')), 2 HAVING count(*) > 1 ORDER BY 2 DESC LIMIT 1000`,
      [plan.calendar.slotMs],
    );
    return rows.length === 0
      ? pass('no bar is stored twice')
      : fail(
          `stored twice, under another name or off the grid: ${some(rows.map((row) => iso(row.bar)))}`,
          `Look at them and delete the wrong ones: signalbox psql -- -c "SELECT * FROM usdcop_m5_ohlcv WHERE time >= '${iso(rows[0]!.bar)}Z' ORDER BY time LIMIT 5"`,
        );
  },
};

export const holidays: Check = {
  name: 'bars.holidays',
  needs: 'database',
  async run(patient) {
    const { calendar } = patient.plan;
    const stored = await days(patient);
    const closed = stored.filter(({ date }) => !calendar.isSessionDay(date));
    const outside = stored.filter(({ date, outside: n }) => n > 0 && calendar.isSessionDay(date));
    if (closed.length + outside.length === 0) return pass('no bar on a holiday or outside the session');
    const named = closed.map(({ date }) => `${date} (${calendar.holidayOf(date) ?? 'no session day'})`);
    return fail(
      [
        ...(closed.length > 0
          ? [`bars on ${named.length === 1 ? 'a day' : `${named.length} days`} without a session: ${some(named)}`]
          : []),
        ...(outside.length > 0 ? [`bars outside the hours of ${some(outside.map(({ date }) => date))}`] : []),
      ].join('; '),
      'They count nowhere. Were they Bogota time labelled UTC? Delete them, and signalbox ingest bars FILE --tz America/Bogota.',
    );
  },
};

/** Each series that an active strategy needs has a feed, and is not older than its features allow. */
export const feeds: Check = {
  name: 'feeds',
  needs: 'database',
  async run({ db, plan, config, now, discovered }) {
    const simulated = config.world === 'demo';
    const needs = needsOf(await listStrategies(db), discovered);
    const findings = await checkFeeds({ db, plan, feeds: config.feeds, needs, now: now ?? Date.now(), simulated });
    if (simulated) {
      const empty = findings.filter(({ newest }) => newest === null).map(({ series }) => series);
      return empty.length === 0
        ? pass('the simulator delivers every series')
        : fail(`without a value: ${some(empty)}`, 'The demo world was not made to its end: signalbox demo restart.');
    }
    const wanting = findings.filter(({ state }) => state !== 'ok');
    if (wanting.length === 0)
      return pass(
        findings.length === 0
          ? 'no active strategy needs a series'
          : `each of the ${findings.length} series that active strategies need has a feed and is fresh`,
      );
    return fail(
      some(
        wanting.map(({ message }) => message!),
        4,
      ),
      `${[...new Set(wanting.map(({ remedy }) => remedy!))].slice(0, 3).join(' ')} By hand: signalbox ingest bars|macro FILE. Until then those features are missing, and their strategies say missing_feature.`,
    );
  },
};

/** Stored feature values are what the feature file computes from the stored bars, to the bit. */
export const parity: Check = {
  name: 'features.parity',
  needs: 'database',
  async run({ db, plan, connection, now }) {
    const { features, featureHash, instrument, calendar } = plan;
    const { symbol } = instrument;
    const { rows: stored } = await db.query<{ time: number; values: (number | null)[] }>(
      `SELECT time, values FROM dw.feature_values WHERE symbol = $1 AND feature_hash = $2 ORDER BY time DESC LIMIT 300`,
      [symbol, featureHash],
    );
    const { rows: others } = await db.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM (SELECT 1 FROM dw.feature_values WHERE symbol = $1 AND feature_hash <> $2 LIMIT 1) x',
      [symbol, featureHash],
    );
    if (stored.length === 0)
      return others[0]!.n > 0
        ? fail(
            'stored values are of another feature file',
            'signalbox features check shows what changed; signalbox features migrate',
          )
        : skip('no feature value is stored yet');
    const pool = openPool(connection, { max: 1 });
    try {
      const to = (now ?? Date.now()) - calendar.slotMs;
      const bars = (await readBars(pool, { symbol, to })).filter((bar) => calendar.slot(bar.time) !== undefined);
      const series = plan.series();
      addMacro(series, await readMacro(pool, series.names));
      const symbols = createSymbolBars();
      await addOthers(pool, plan, symbols, to);
      const { times, values } = computeFeatures(features, series, bars, symbols);
      const width = features.names.length;
      const row = new Map(Array.from(times, (time, i) => [time, i] as const));
      const differs = new Map<string, number>();
      for (const { time, values: was } of stored) {
        const i = row.get(time);
        if (i === undefined) continue;
        features.names.forEach((name, k) => {
          const is = values[i * width + k]!;
          if (!Object.is(was[k] ?? NaN, is)) differs.set(name, (differs.get(name) ?? 0) + 1);
        });
      }
      return differs.size === 0
        ? pass(`the newest ${count(stored.length, 'row')} equal what the bars give now`)
        : warn(
            `differ from what the stored bars give now: ${some([...differs].map(([name, n]) => `${name} (${n} of ${stored.length})`))}`,
            'Bars or macro values were revised since, which is no fault; otherwise: signalbox features check. A signal keeps the vector it was made of.',
          );
    } finally {
      await pool.end();
    }
  },
};
