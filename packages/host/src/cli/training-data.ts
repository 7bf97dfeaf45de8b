import { resolve } from 'node:path';
import { createSymbolBars, SignalboxError, type Bar, type SeriesTable, type SymbolBars } from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import type { Plan } from '../inference/plan.js';
import { readStoredTraining, requireOthers } from '../inference/stored-training.js';
import { openCsv } from '../ingest/csv.js';
import { MACRO_NAMES } from '../ingest/macro-columns.js';
import { readMacro } from '../ingest/macro.js';
import { readFileBars } from './file-bars.js';
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
  readonly other?: ReadonlyMap<string, string>;
  readonly macro?: string;
  readonly tz?: string;
  readonly world?: string;
}

export interface TrainingData {
  readonly bars: readonly Bar[];
  /** Of other symbols that features read. */
  readonly others: SymbolBars;
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
  const { bars, macro, tz, other } = flags;
  if (bars === undefined && (macro !== undefined || tz !== undefined || other !== undefined))
    throw new SignalboxError(
      'PARAMETER_INVALID',
      '--macro, --other and --tz are of files, and --bars is missing',
      'Name the files, --bars FILE --macro FILE, or leave those flags out.',
    );
  if (flags.simulated) return simulate(session, plan, flags);
  if (flags.bars !== undefined) return readFiles(session, plan, flags, flags.bars);
  return readStore(session, plan, flags.world!);
}

async function simulate({ terminal, signal }: Session, plan: Plan, flags: DataFlags): Promise<TrainingData> {
  const { seed, edge, sessions, firstSession } = flags;
  const series = plan.series();
  const others = createSymbolBars();
  requireOthers(plan, others, 'The simulator makes one symbol: name files, or leave those features out.');
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
    others,
    series,
    world: 'simulated',
    source: { kind: 'simulator', seed, edge, sessions, first_session: firstSession },
  };
}

async function readFiles(session: Session, plan: Plan, flags: DataFlags, file: string): Promise<TrainingData> {
  const { terminal, signal, cwd } = session;
  const series = plan.series();
  const { bars, others, name, world } = await readFileBars(session, plan, { ...flags, bars: file });
  if (flags.macro !== undefined) {
    const { rows, report: said } = await readMacro(await openCsv(resolve(cwd, flags.macro)), { signal });
    for (const { date, values } of rows)
      for (const name of series.names) {
        const value = values[MACRO_NAMES.indexOf(name)];
        if (typeof value === 'number') series.add(name, date, value);
      }
    terminal.talk(`${said.file}: ${said.read} rows read, ${said.accepted} accepted`);
  }
  return { bars, others, series, world, source: { kind: 'files', bars: name } };
}

async function readStore(session: Session, plan: Plan, world: string): Promise<TrainingData> {
  const config = configOf(session, { world });
  return withStore(session, config, async ({ pool, world: open, database }) => ({
    ...(await readStoredTraining(pool, plan)),
    world: open.kind,
    source: { kind: 'database', database },
  }));
}
