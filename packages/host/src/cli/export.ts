import { resolve } from 'node:path';
import { Command } from 'commander';
import { SignalboxError, type Bar } from '@signalbox/core';
import { createSimulator, type SimulatedSession } from '@signalbox/core/testing';
import { openPlan } from '../inference/plan.js';
import { checkExportName, exportFeatures, type FeatureSidecar } from '../export/features-csv.js';
import { readBars } from '../ingest/bars.js';
import { openCsv } from '../ingest/csv.js';
import { readMacro } from '../ingest/macro.js';
import { MACRO_NAMES } from '../ingest/macro-columns.js';
import { configOf, day, integer, number, type Session } from './session.js';

interface ExportFlags {
  readonly bars?: string;
  readonly macro?: string;
  readonly simulated?: boolean;
  readonly seed: number;
  readonly sessions: number;
  readonly edge: number;
  readonly firstSession: string;
  readonly out: string;
  readonly labels?: boolean;
  readonly horizon: number;
  readonly tz?: string;
}

/** `signalbox export`: features of bars, from files or from a simulated world, to a CSV file; no database. */
export function exportCommand(session: Session): Command {
  return new Command('export')
    .description('compute the features of bars, from files or a simulated world, into a CSV file for training')
    .option('--bars <file>', 'bars, .csv or .csv.gz')
    .option('--macro <file>', 'macro values, .csv or .csv.gz')
    .option('--tz <zone>', 'the times of the bars are this zone’s wall clock')
    .option('--simulated', 'take bars and macro values from the simulator instead of files')
    .option('--seed <n>', 'seed of the simulated world', integer(0), 1)
    .option('--sessions <n>', 'sessions of the simulated world', integer(1, 100_000), 1000)
    .option('--edge <x>', 'strength of the planted edge, 0 for none', number(0, 1), 0)
    .option('--first-session <date>', 'first session of the simulated world', day, '2020-01-02')
    .requiredOption('--out <file>', 'the file to write, .csv or .csv.gz')
    .option('--labels', 'add decided_at, fill_price, the label and close_only')
    .option('--horizon <slots>', 'slots that the label looks ahead', integer(1, 1000), 12)
    .addHelpText(
      'after',
      '\nExamples:\n  signalbox export --bars m5.csv.gz --macro macro.csv.gz --labels --out features.csv\n  signalbox export --simulated --seed 7 --sessions 1500 --edge 0.35 --labels --out simulated.csv.gz',
    )
    .action((flags: ExportFlags) => run(session, flags));
}

async function run(session: Session, flags: ExportFlags): Promise<void> {
  const { terminal, signal } = session;
  const config = configOf(session);
  const out = resolve(session.cwd, flags.out);
  checkExportName(out);
  if (flags.simulated && (flags.bars !== undefined || flags.macro !== undefined)) {
    throw new SignalboxError(
      'PARAMETER_INVALID',
      '--simulated stands beside --bars or --macro',
      'Give either files or --simulated.',
    );
  }
  const instrument = config.instruments[0];
  const plan = openPlan(instrument, config.features);
  const { calendar } = plan;
  const series = plan.series();

  const put = (date: string, valueOf: (series: string) => number | null | undefined): void => {
    for (const name of series.names) {
      const value = valueOf(name);
      if (typeof value === 'number') series.add(name, date, value);
    }
  };

  let bars: readonly Bar[];
  let simulator: FeatureSidecar['simulator'];
  if (flags.simulated) {
    const { seed, edge, sessions, firstSession } = flags;
    const progress = terminal.progress('simulating');
    const world = createSimulator({ seed, edge, calendar, firstSession });
    const made: SimulatedSession[] = [];
    try {
      while (made.length < sessions) {
        made.push(world.next());
        progress.update(made.length, sessions);
        if (made.length % 50 === 0) {
          // a turn for Ctrl-C
          await new Promise<void>((resolve) => setImmediate(resolve));
          signal.throwIfAborted();
        }
      }
    } finally {
      progress.stop();
    }
    bars = made.flatMap((one) => one.bars);
    for (const { date, values } of made.flatMap((one) => one.macro)) put(date, (name) => values[name]);
    simulator = { seed, edge, sessions, first_session: made[0]!.date };
  } else {
    if (flags.bars === undefined)
      throw new SignalboxError(
        'PARAMETER_INVALID',
        'nothing to export: --bars is missing',
        'Name the files, --bars FILE --macro FILE, or give --simulated.',
      );
    const read = await readBars(await openCsv(resolve(session.cwd, flags.bars)), {
      calendars: new Map([[instrument.symbol, calendar]]),
      signal,
      ...(flags.tz === undefined ? {} : { zone: flags.tz }),
    });
    bars = read.bars;
    terminal.talk(`${read.report.file}: ${read.report.read} rows read, ${read.report.accepted} accepted`);
    if (flags.macro !== undefined) {
      const { rows, report } = await readMacro(await openCsv(resolve(session.cwd, flags.macro)), { signal });
      for (const { date, values } of rows) put(date, (name) => values[MACRO_NAMES.indexOf(name)]);
      terminal.talk(`${report.file}: ${report.read} rows read, ${report.accepted} accepted`);
    }
  }
  const progress = terminal.progress('computing features', 'bars');
  const sidecar = await exportFeatures(out, {
    plan: plan.features,
    series,
    calendar,
    instrument,
    bars,
    world: flags.simulated ? 'simulated' : 'market',
    signal,
    onProgress: (done, total) => progress.update(done, total),
    ...(simulator ? { simulator } : {}),
    ...(flags.labels ? { horizon: flags.horizon } : {}),
  }).finally(() => progress.stop());
  const { features, ...rest } = sidecar;
  terminal.result(
    { file: out, sidecar: `${out}.features.json`, features: features.map((one) => one.name), ...rest },
    `${out}: ${sidecar.rows.toLocaleString('en-US')} rows, ${features.length} features${flags.labels ? `, label_${flags.horizon}` : ''}; ${sidecar.world} data\n${out}.features.json: the features’ definitions and hashes`,
  );
}
