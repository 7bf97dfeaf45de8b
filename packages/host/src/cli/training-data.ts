import { resolve } from 'node:path';
import { SignalboxError, type Bar, type SeriesTable } from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { addMacro } from '../inference/macro-series.js';
import type { Plan } from '../inference/plan.js';
import { readBars } from '../ingest/bars.js';
import { openCsv } from '../ingest/csv.js';
import { MACRO_NAMES } from '../ingest/macro-columns.js';
import { readMacro } from '../ingest/macro.js';
import { readBars as storedBars } from '../stores/postgres/bars.js';
import { readMacro as storedMacro } from '../stores/postgres/macro.js';
import { configOf, type Session } from './session.js';
import { withStore } from './store.js';

/** Where bars and macro values come from: a simulated world, files, or a database. */
export interface DataFlags {
  readonly simulated?: boolean;
  readonly seed: number;
  readonly sessions: number;
  readonly edge: number;
  readonly firstSession: string;
  readonly bars?: string;
  readonly macro?: string;
  readonly tz?: string;
  readonly world?: string;
}

export interface TrainingData {
  readonly bars: readonly Bar[];
  readonly series: SeriesTable;
  readonly world: 'market' | 'simulated';
  readonly source: Readonly<Record<string, string | number>>;
}

/** @throws PARAMETER_INVALID when it is not said where from, or more than one place is */
export async function readTrainingData(session: Session, plan: Plan, flags: DataFlags): Promise<TrainingData> {
  const places = [flags.simulated, flags.bars, flags.world].filter((place) => place !== undefined).length;
  if (places !== 1)
    throw new SignalboxError(
      'PARAMETER_INVALID',
      places === 0 ? 'it is not said which bars to train on' : 'more than one place is named for the bars to train on',
      'Give one of --simulated, --bars FILE --macro FILE, --world market, --world demo.',
    );
  if (flags.simulated) return simulate(session, plan, flags);
  if (flags.bars !== undefined) return readFiles(session, plan, flags, flags.bars);
  return readStore(session, plan, flags.world!);
}

async function simulate({ terminal, signal }: Session, plan: Plan, flags: DataFlags): Promise<TrainingData> {
  const { seed, edge, sessions, firstSession } = flags;
  const series = plan.series();
  const world = createSimulator({ seed, edge, calendar: plan.calendar, firstSession });
  const progress = terminal.progress('simulating');
  const bars: Bar[] = [];
  try {
    for (let made = 1; made <= sessions; made++) {
      const session = world.next();
      bars.push(...session.bars);
      for (const { date, values } of session.macro)
        for (const name of series.names) {
          const value = values[name];
          if (typeof value === 'number') series.add(name, date, value);
        }
      progress.update(made, sessions);
      if (made % 50 !== 0) continue;
      // a turn for Ctrl-C
      await new Promise<void>((resume) => setImmediate(resume));
      signal.throwIfAborted();
    }
  } finally {
    progress.stop();
  }
  return {
    bars,
    series,
    world: 'simulated',
    source: { kind: 'simulator', seed, edge, sessions, first_session: firstSession },
  };
}

async function readFiles(session: Session, plan: Plan, flags: DataFlags, file: string): Promise<TrainingData> {
  const { terminal, signal, cwd } = session;
  const series = plan.series();
  const { bars, report } = await readBars(await openCsv(resolve(cwd, file)), {
    calendars: new Map([[plan.instrument.symbol, plan.calendar]]),
    signal,
    ...(flags.tz === undefined ? {} : { zone: flags.tz }),
  });
  terminal.talk(`${report.file}: ${report.read} rows read, ${report.accepted} accepted`);
  if (flags.macro !== undefined) {
    const { rows, report: said } = await readMacro(await openCsv(resolve(cwd, flags.macro)), { signal });
    for (const { date, values } of rows)
      for (const name of series.names) {
        const value = values[MACRO_NAMES.indexOf(name)];
        if (typeof value === 'number') series.add(name, date, value);
      }
    terminal.talk(`${said.file}: ${said.read} rows read, ${said.accepted} accepted`);
  }
  return { bars, series, world: 'market', source: { kind: 'files', bars: report.file } };
}

async function readStore(session: Session, plan: Plan, world: string): Promise<TrainingData> {
  const config = configOf(session, { world });
  return withStore(session, config, async ({ pool, world: open, database }) => {
    const series = plan.series();
    const bars = await storedBars(pool, { symbol: plan.instrument.symbol });
    addMacro(series, await storedMacro(pool, series.names));
    return { bars, series, world: open.kind, source: { kind: 'database', database } };
  });
}
