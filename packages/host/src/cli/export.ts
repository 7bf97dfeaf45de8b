import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { createSymbolBars, SignalboxError, splitBySession, type Bar } from '@signalbox/core';
import { createSimulator, type SimulatedSession } from '@signalbox/core/testing';
import { planOf } from '../inference/configured-plan.js';
import { requireOthers } from '../inference/stored-training.js';
import { addMacro } from '../inference/macro-series.js';
import { addOthers } from '../inference/market-memory.js';
import { readBars as readStoredBars } from '../stores/postgres/bars.js';
import { readMacro as readStoredMacro } from '../stores/postgres/macro.js';
import { checkExportName, exportFeatures, type FeatureSidecar } from '../export/features-csv.js';
import { openCsv } from '../ingest/csv.js';
import { readMacro } from '../ingest/macro.js';
import { MACRO_NAMES } from '../ingest/macro-columns.js';
import { otherFile, readFileBars } from './file-bars.js';
import { configOf, day, integer, number, type Session } from './session.js';
import { withStore } from './store.js';

interface ExportFlags {
  readonly bars?: string;
  readonly other?: ReadonlyMap<string, string>;
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
  readonly world: string;
  readonly split?: readonly [number, number, number];
  readonly embargo: number;
  readonly purge: number;
}

/** `signalbox export`: features of bars, from files, the database or the simulator, to a CSV or Parquet file. */
export function exportCommand(session: Session): Command {
  return new Command('export')
    .description(
      'compute the features of bars, from files, the database or the simulator, into a CSV or Parquet file for training',
    )
    .option('--bars <file>', 'bars, .csv or .csv.gz; without it, those of the database')
    .option('--other <symbol=file>', 'bars of another symbol that features read, repeatable', otherFile)
    .option('--macro <file>', 'macro values, .csv or .csv.gz')
    .option('--tz <zone>', 'the times of the bars are this zone’s wall clock')
    .option('--simulated', 'take bars and macro values from the simulator instead of files')
    .option('--seed <n>', 'seed of the simulated world', integer(0), 1)
    .option('--sessions <n>', 'sessions of the simulated world', integer(1, 100_000), 1000)
    .option('--edge <x>', 'strength of the planted edge, 0 for none', number(0, 1), 0)
    .option('--first-session <date>', 'first session of the simulated world', day, '2020-01-02')
    .option('--world <world>', 'whose database: market or demo', 'market')
    .requiredOption('--out <file>', 'the file to write, .csv, .csv.gz or .parquet')
    .option('--labels', 'add decided_at, fill_price, the label and close_only')
    .option('--horizon <slots>', 'slots that the label looks ahead', integer(1, 1000), 12)
    .option(
      '--split <shares>',
      'add a column split: shares of the sessions for train,validation,test, e.g. 0.7,0.15,0.15',
      shares,
    )
    .option('--embargo <sessions>', 'sessions left out between two parts', integer(0, 1000), 1)
    .option('--purge <bars>', 'bars left out at the end of a part', integer(0, 10_000), 0)
    .addHelpText(
      'after',
      '\nExamples:\n  signalbox export --bars m5.csv.gz --macro macro.csv.gz --labels --out features.csv\n  signalbox export --world market --labels --split 0.7,0.15,0.15 --out features.parquet\n  signalbox export --simulated --seed 7 --sessions 1500 --edge 0.35 --labels --out simulated.csv.gz',
    )
    .action((flags: ExportFlags) => run(session, flags));
}

async function run(session: Session, flags: ExportFlags): Promise<void> {
  const { terminal, signal } = session;
  const config = configOf(session, { world: flags.world });
  const out = resolve(session.cwd, flags.out);
  checkExportName(out);
  if (flags.simulated && (flags.bars !== undefined || flags.macro !== undefined || flags.other !== undefined)) {
    throw new SignalboxError(
      'PARAMETER_INVALID',
      '--simulated stands beside --bars, --other or --macro',
      'Give either files or --simulated.',
    );
  }
  const instrument = config.instruments[0];
  const plan = await planOf(config);
  const { calendar } = plan;
  const series = plan.series();

  const put = (date: string, valueOf: (series: string) => number | null | undefined): void => {
    for (const name of series.names) {
      const value = valueOf(name);
      if (typeof value === 'number') series.add(name, date, value);
    }
  };

  let others = createSymbolBars();
  let world: FeatureSidecar['world'] = flags.simulated ? 'simulated' : 'market';
  let bars: readonly Bar[];
  let simulator: FeatureSidecar['simulator'];
  if (flags.simulated) {
    requireOthers(plan, others, 'The simulator makes one symbol: name files, or leave those features out.');
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
  } else if (flags.bars === undefined) {
    if (flags.macro !== undefined || flags.tz !== undefined || flags.other !== undefined)
      throw new SignalboxError(
        'PARAMETER_INVALID',
        '--macro, --other and --tz are of files, and --bars is missing',
        'Name the files, --bars FILE --macro FILE, or neither for the database.',
      );
    bars = await withStore(session, config, async ({ pool, world: { kind } }) => {
      world = kind;
      addMacro(series, await readStoredMacro(pool, series.names));
      const to = Date.now() - calendar.slotMs;
      await addOthers(pool, plan, others, to);
      const stored = await readStoredBars(pool, { symbol: instrument.symbol, to });
      return stored.filter((bar) => calendar.slot(bar.time) !== undefined);
    });
    if (bars.length === 0)
      throw new SignalboxError(
        'INPUT_NOT_FOUND',
        `no bars of ${instrument.symbol} are stored in the ${flags.world} world`,
        'Take bars in first: signalbox ingest bars FILE; or name files, --bars FILE --macro FILE.',
      );
    requireOthers(plan, others, 'Take them in first: signalbox ingest bars FILE, with the symbol under "instruments".');
  } else {
    ({ bars, others, world } = await readFileBars(session, plan, { ...flags, bars: flags.bars }));
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
    others,
    world,
    ...(flags.split
      ? {
          split: splitOf(
            flags,
            bars.map((bar) => calendar.slot(bar.time)!.session),
          ),
        }
      : {}),
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

function shares(text: string): readonly [number, number, number] {
  const parts = text.split(',').map(Number);
  if (parts.length !== 3 || parts.some((part) => !(part >= 0 && part <= 1)))
    throw new InvalidArgumentError('Give three shares, such as 0.7,0.15,0.15.');
  return parts as unknown as readonly [number, number, number];
}

function splitOf({ split, embargo, purge }: ExportFlags, sessions: readonly string[]) {
  const [train, validation, test] = split!;
  return splitBySession(sessions, { train, validation, test, embargoSessions: embargo, purgeBars: purge });
}
