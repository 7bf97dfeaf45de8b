import { resolve } from 'node:path';
import { Command } from 'commander';
import type { Pool } from 'pg';
import { SignalboxError } from '@signalbox/core';
import type { Config } from '../config/config.js';
import { calendarsOf } from '../config/calendars.js';
import { FileRefused, readBars } from '../ingest/bars.js';
import { openCsv } from '../ingest/csv.js';
import { createTake } from '../ingest/take.js';
import { readMacro } from '../ingest/macro.js';
import type { IngestReport, StoredCounts } from '../ingest/report.js';
import { reportCommand } from './ingest-report.js';
import { configOf, type Session } from './session.js';
import { withStore } from './store.js';
import { table } from './terminal.js';

interface IngestFlags {
  readonly world: string;
  readonly tz?: string;
  readonly dryRun?: boolean;
}

/** What `ingest … --json` prints under `data`. */
export interface Ingested extends IngestReport {
  /** Null with `--dry-run`. */
  readonly stored: StoredCounts | null;
  readonly database: string | null;
  readonly milliseconds: number;
}

/** `signalbox ingest bars|macro FILE`: one file, checked row by row, in one transaction. */
export function ingestCommand(session: Session): Command {
  const command = new Command('ingest').description(
    'take bars or macro values from a file into the store, and report on what is stored',
  );
  const file = (name: string, what: string): Command =>
    command
      .command(name)
      .argument('<file>', 'a .csv or .csv.gz file')
      .description(
        `take ${what} from a file; the whole file in one transaction, with a report of every row that was not taken`,
      )
      .option('--world <world>', 'market or demo', 'market')
      .option('--dry-run', 'check and report, store nothing');
  file('bars', 'five-minute bars')
    .option(
      '--tz <zone>',
      'the file’s times are this zone’s wall clock, whatever they are labelled; for example America/Bogota',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  signalbox ingest bars usdcop_m5.csv.gz\n  signalbox ingest bars bogota.csv --tz America/Bogota --json',
    )
    .action((path: string, flags: IngestFlags) => ingestBars(session, path, flags));
  file('macro', 'daily macro values')
    .addHelpText(
      'after',
      '\nExamples:\n  signalbox ingest macro macro_daily.csv.gz\n  signalbox ingest macro macro_daily.csv --dry-run',
    )
    .action((path: string, flags: IngestFlags) => ingestMacro(session, path, flags));
  reportCommand(command, session);
  return command;
}

async function ingestBars(session: Session, path: string, flags: IngestFlags): Promise<void> {
  const started = performance.now();
  const config = marketOf(session, flags);
  const input = await openCsv(resolve(session.cwd, path));
  const { bars, report } = await reading(session, input.name, (onProgress) =>
    readBars(input, {
      calendars: calendarsOf(config),
      now: Date.now(),
      onProgress,
      signal: session.signal,
      ...(flags.tz === undefined ? {} : { zone: flags.tz }),
    }),
  );
  await finish(session, config, flags, report, started, (pool) =>
    // one calendar for all: the slot is the table's
    createTake(() => pool, [...calendarsOf(config).values()][0]!, Date.now).bars(bars),
  );
}

async function ingestMacro(session: Session, path: string, flags: IngestFlags): Promise<void> {
  const started = performance.now();
  const config = marketOf(session, flags);
  const input = await openCsv(resolve(session.cwd, path));
  const { rows, report } = await reading(session, input.name, (onProgress) =>
    readMacro(input, { now: Date.now(), onProgress, signal: session.signal }),
  );
  await finish(session, config, flags, report, started, (pool) =>
    createTake(() => pool, [...calendarsOf(config).values()][0]!, Date.now).macro(rows, 'csv'),
  );
}

/** Rows of a file are rows of the market: a demo world makes its own. */
function marketOf(session: Session, flags: IngestFlags): Config {
  const config = configOf(session, { world: flags.world });
  if (config.world === 'demo') {
    throw new SignalboxError(
      'WORLD_MISMATCH',
      'rows of a file belong in a market world, and --world is demo',
      'Leave --world out; the demo world makes its own bars.',
    );
  }
  return config;
}

async function reading<T>(
  session: Session,
  name: string,
  read: (onProgress: (share: number) => void) => Promise<T>,
): Promise<T> {
  const progress = session.terminal.progress(`reading ${name}`);
  try {
    return await read((share) => progress.update(Math.round(share * 1000), 1000));
  } catch (error) {
    if (error instanceof FileRefused)
      session.terminal.talk(`${textOf({ ...error.data, stored: null, database: null, milliseconds: 0 })}\n`);
    throw error;
  } finally {
    progress.stop();
  }
}

async function finish(
  session: Session,
  config: Config,
  flags: IngestFlags,
  report: IngestReport,
  started: number,
  store: (pool: Pool) => Promise<StoredCounts>,
): Promise<void> {
  let stored: StoredCounts | null = null;
  let database: string | null = null;
  if (!flags.dryRun) {
    session.terminal.talk('opening the store …');
    stored = await withStore(session, config, async (open) => {
      session.signal.throwIfAborted();
      database = open.database;
      session.terminal.talk(`storing ${count(report.accepted)} rows in ${database} …`);
      return store(open.pool);
    });
  }
  const data: Ingested = { ...report, stored, database, milliseconds: Math.round(performance.now() - started) };
  session.terminal.result(data, textOf(data));
}

/** The report for people. */
export function textOf(data: Ingested): string {
  const { stored } = data;
  const lines = [
    `${data.file}: ${count(data.read)} rows read, ${count(data.accepted)} accepted${data.from === null ? '' : `, ${data.from} to ${data.to}`}`,
  ];
  if (stored)
    lines.push(
      `${data.database}: ${count(stored.inserted)} new, ${count(stored.unchanged)} unchanged, ${count(stored.revised)} revised`,
    );
  else lines.push('nothing stored');
  if (data.closeOnlyShare !== null)
    lines.push(`close-only bars (open = high = low = close): ${(data.closeOnlyShare * 100).toFixed(1)} %`);
  if (data.unknownColumns.length > 0) lines.push(`unknown columns, left out: ${data.unknownColumns.join(', ')}`);
  if (data.unstoredColumns.length > 0)
    lines.push(`columns without a place in the store, left out: ${data.unstoredColumns.join(', ')}`);
  if (data.rejected.length > 0) {
    const rows = data.rejected.map((one) => [
      one.reason,
      count(one.count),
      String(one.examples[0]?.line ?? ''),
      one.meaning,
    ]);
    lines.push('', table(['not taken', 'rows', 'first line', 'meaning'], rows));
  }
  return lines.join('\n');
}

const count = (n: number): string => n.toLocaleString('en-US');
