import { resolve } from 'node:path';
import { Command } from 'commander';
import { SignalboxError, type Bar } from '@signalbox/core';
import { formatReport, runConformance, type MacroRow } from '@signalbox/core/testing';
import { planOf } from '../inference/configured-plan.js';
import { readBars } from '../ingest/bars.js';
import { openCsv } from '../ingest/csv.js';
import { MACRO_NAMES } from '../ingest/macro-columns.js';
import { readMacro } from '../ingest/macro.js';
import { discover, type InstalledStrategy } from '../plugins/discover.js';
import { readModels } from '../plugins/models.js';
import { EXIT } from './exit-codes.js';
import type { Plan } from '../inference/plan.js';
import { configOf, integer, type Session } from './session.js';

interface VerifyFlags {
  readonly bars?: string;
  readonly macro?: string;
  readonly sessions: number;
  readonly seed: number;
}

/** `signalbox verify NAME`: the cases of the test kit over one installed strategy, as a table. */
export function verifyCommand(session: Session): Command {
  return new Command('verify')
    .description('scramble the future, shift the start, drop bars, and show whether a strategy notices')
    .argument('<name>', 'code or package of an installed strategy')
    .option('--bars <file>', 'the newest sessions of these bars, .csv or .csv.gz, instead of simulated ones')
    .option('--macro <file>', 'macro values that go with them')
    .option('--sessions <n>', 'sessions that it is shown', integer(8, 250), 12)
    .option('--seed <n>', 'seed of the simulated bars', integer(0), 1)
    .addHelpText(
      'after',
      '\nExamples:\n  signalbox verify ML_XGB\n  signalbox verify signalbox-strategy-breakout --bars m5.csv.gz --json',
    )
    .action((name: string, flags: VerifyFlags) => run(session, name, flags));
}

async function run(session: Session, name: string, flags: VerifyFlags): Promise<void> {
  const config = configOf(session);
  const instrument = config.instruments[0];
  const { calendar, config: features } = await planOf(config);
  const strategy = await find(config.projectDir, config.plugins, name);
  const { code } = strategy.definition;
  const { sessions, seed } = flags;
  const report = await runConformance(strategy.definition, {
    instrument,
    calendar,
    features,
    config: config.strategies[code]?.parameters,
    artifacts: readModels(strategy, 'simulated', true).artifacts,
    deadlineMs: 5_000,
    ...(flags.bars === undefined ? { sessions, seed } : await stored(session, flags, instrument.symbol, calendar)),
  });
  if (!report.passed) session.exitCode = EXIT.refused;
  session.terminal.result(
    { package: strategy.package, version: strategy.version, source: flags.bars ?? 'simulated', ...report },
    formatReport(report),
    report.passed,
  );
}

async function find(projectDir: string, plugins: readonly string[], name: string): Promise<InstalledStrategy> {
  const discovered = await discover(projectDir, plugins.includes(name) ? [name] : plugins);
  for (const one of discovered) {
    if ('strategy' in one && (one.package === name || one.strategy.definition.code === name)) return one.strategy;
    if ('problem' in one && one.package === name) throw one.problem;
  }
  const codes = discovered.flatMap((one) => ('strategy' in one ? [one.strategy.definition.code] : []));
  throw new SignalboxError(
    'STRATEGY_UNKNOWN',
    `no installed, allow-listed strategy is called ${name}; there are ${codes.join(', ') || 'none'}`,
    'Name a code or a package of the list, or add the package to "plugins" in signalbox.config.json.',
  );
}

async function stored(
  session: Session,
  { bars: barsFile, macro: macroFile, sessions }: VerifyFlags,
  symbol: string,
  calendar: Plan['calendar'],
): Promise<{ bars: readonly Bar[]; macro: readonly MacroRow[] }> {
  const { signal, cwd } = session;
  const read = await readBars(await openCsv(resolve(cwd, barsFile!)), {
    calendars: new Map([[symbol, calendar]]),
    signal,
  });
  const macro: MacroRow[] = [];
  if (macroFile !== undefined) {
    const { rows } = await readMacro(await openCsv(resolve(cwd, macroFile)), { signal });
    for (const { date, values } of rows)
      macro.push({
        date,
        values: Object.fromEntries(
          MACRO_NAMES.flatMap((name, i) => (typeof values[i] === 'number' ? [[name, values[i] as number]] : [])),
        ),
      });
  }
  return { bars: read.bars.slice(-sessions * calendar.slotsPerSession), macro };
}
