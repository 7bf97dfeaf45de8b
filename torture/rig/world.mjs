// The bars and macro values of a run: a seeded market with the demo's planted edge, so that the bundled models trade.
import { USDCOP_CALENDAR, createCalendar } from '@signalbox/core';
import { createSimulator, DEMO_EDGE } from '@signalbox/core/testing';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const SYMBOL = 'USD/COP';
export const SLOT_MS = 300_000;
/** Sessions that are stored before the run: the volatility rank looks back on 1,200 bars. */
const HISTORY = 26;
/** No holiday until the 24th of March. */
const FIRST = '2025-02-03';

/** `history` and `week` are bars in order; `macro` rows of all sessions: each is seen when its rule says. */
export function makeWorld(seed, sessions) {
  const calendar = createCalendar(USDCOP_CALENDAR);
  const made = createSimulator({ seed, calendar, edge: DEMO_EDGE, firstSession: FIRST }).sessions(HISTORY + sessions);
  const bars = made.map((session) => session.bars);
  return {
    history: bars.slice(0, HISTORY).flat(),
    week: bars.slice(HISTORY).flat(),
    macro: made.flatMap((session) => session.macro),
  };
}

const run = promisify(execFile);

/** Loads what lies before the run by the command that a person would use. */
export async function loadWorld(project, { history, macro }) {
  const barsFile = join(project.folder, 'bars.csv');
  const macroFile = join(project.folder, 'macro.csv');
  writeFileSync(
    barsFile,
    [
      'time,symbol,open,high,low,close,volume,source',
      ...history.map((b) =>
        [new Date(b.time).toISOString(), SYMBOL, b.open, b.high, b.low, b.close, b.volume, 'torture'].join(),
      ),
    ].join('\n'),
  );
  const columns = [...new Set(macro.flatMap((row) => Object.keys(row.values)))];
  writeFileSync(
    macroFile,
    [
      ['date', ...columns].join(),
      ...macro.map((row) => [row.date, ...columns.map((name) => row.values[name] ?? '')].join()),
    ].join('\n'),
  );
  const env = { ...process.env, DATABASE_URL: '', REDIS_URL: '' };
  for (const [what, file] of [
    ['macro', macroFile],
    ['bars', barsFile],
  ]) {
    const { stdout } = await run(process.execPath, [project.signalbox, 'ingest', what, file, '--json'], {
      cwd: project.folder,
      env,
      maxBuffer: 64 << 20,
    });
    const { status, data, errors } = JSON.parse(stdout);
    if (status === 'error') throw new Error(`ingest ${what}: ${JSON.stringify(errors)}`);
    if (data.rejected > 0 || data.rejections?.length > 0)
      throw new Error(`ingest ${what} rejected rows: ${stdout.slice(0, 500)}`);
  }
}
