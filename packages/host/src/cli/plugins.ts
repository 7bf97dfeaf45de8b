import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { isSignalboxError, SignalboxError } from '@signalbox/core';
import { formatReport } from '@signalbox/core/testing';
import { writeAllowList } from '../config/allow-list.js';
import type { Config } from '../config/config.js';
import { findRunning } from '../observe/running.js';
import { inspect, requireConforming, type Inspection } from '../plugins/inspect.js';
import { locate } from '../plugins/locate.js';
import { registerDiscovered } from '../plugins/register.js';
import { resumeStrategy, suspendStrategy } from '../stores/postgres/plugin-faults.js';
import { listStrategies, setStrategyActive } from '../stores/postgres/strategies.js';
import { WORLD_DATABASES } from '../stores/postgres/world.js';
import { EXIT } from './exit-codes.js';
import { listPlugins } from './plugins-list.js';
import { configOf, examples, type Session } from './session.js';
import { withStore, type OpenStore } from './store.js';

interface WorldFlag {
  readonly world?: string;
}
interface ChangeFlags extends WorldFlag {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

/** `signalbox plugins …`: which packages may run, how they stand, and whether they conform. */
export function pluginsCommand(session: Session): Command {
  const command = new Command('plugins').description('add, list, test, suspend, resume and remove strategy packages');
  const inWorld = (child: Command): Command => child.option('--world <world>', 'demo or market');
  const changing = (child: Command): Command =>
    inWorld(child).option('-y, --yes', 'do not ask').option('--dry-run', 'show what would be done, and do nothing');
  changing(command.command('add <package>'))
    .description('show an installed package and its conformance, allow it, and give it its row')
    .addHelpText(
      'after',
      examples('plugins add @acme/strategy-x', 'plugins add @acme/strategy-x --world market --json'),
    )
    .option('--force', 'add it although it does not conform')
    .action((name: string, flags: ChangeFlags) => add(session, name, flags));
  inWorld(command.command('list'))
    .description('the allow-list, the strategies in the database, and where each stands')
    .addHelpText('after', examples('plugins list', 'plugins list --json'))
    .action((flags: WorldFlag) => listPlugins(session, configOf(session, flags)));
  command
    .command('test <package>')
    .description('hold an installed package to the contract, case by case')
    .addHelpText('after', examples('plugins test @signalbox/strategy-ml-xgb', 'plugins test @acme/strategy-x --json'))
    .action((name: string) => test(session, name));
  inWorld(command.command('suspend <code>'))
    .description('stop asking a strategy, until it is resumed; its open position is still settled')
    .addHelpText(
      'after',
      examples('plugins suspend ML_XGB', "plugins suspend ML_XGB --reason 'odd answers' --world market"),
    )
    .option('--reason <text>', 'why', 'by an operator')
    .action((code: string, flags: WorldFlag & { reason: string }) => suspend(session, code, flags));
  inWorld(command.command('resume <code>'))
    .description('lift a suspension; faults up to now count no more')
    .addHelpText('after', examples('plugins resume ML_XGB', 'plugins resume ML_XGB --world market'))
    .action((code: string, flags: WorldFlag) => resume(session, code, flags));
  changing(command.command('remove <package>'))
    .description('take a package off the allow-list and switch its strategy off; what it did stays')
    .addHelpText('after', examples('plugins remove @acme/strategy-x', 'plugins remove @acme/strategy-x --json'))
    .action((name: string, flags: ChangeFlags) => remove(session, name, flags));
  return command.addHelpText(
    'after',
    '\nExamples:\n  npm install @acme/strategy-x && signalbox plugins add @acme/strategy-x\n  signalbox plugins resume ML_XGB\n  signalbox plugins list --json',
  );
}

async function add(session: Session, name: string, flags: ChangeFlags): Promise<void> {
  const config = configOf(session, flags);
  const inspection = await inspect(config, name, config.isolation, parametersOf(config, name));
  const { definition } = inspection.strategy;
  session.terminal.talk(shown(inspection));
  if (!flags.force) requireConforming(inspection);
  const listed = config.plugins.includes(name);
  const data = { ...facts(inspection), allowed: listed };
  if (flags.dryRun) {
    session.terminal.result({ ...data, dry_run: true }, `nothing was changed (--dry-run)`);
    return;
  }
  await confirm(session, flags, `Allow ${name} to run as ${definition.code}?`);
  const file = writeAllowList(config, listed ? config.plugins : [...config.plugins, name]);
  const row = await inStore(session, config, async ({ pool }) => {
    await registerDiscovered(pool, [{ package: name, strategy: inspection.strategy }], config.strategies);
    await setStrategyActive(pool, definition.code, true);
  });
  const overridden = (session.streams.env['SIGNALBOX_PLUGINS'] ?? '') !== '';
  const lines = [
    `${name} is allowed (${file})`,
    row ? `${definition.code} has its row in dw.dim_strategy` : `${definition.code} gets its row at the next start`,
    running(config) ? 'the running host takes it with its next bar' : 'it runs from the next start on',
    ...(overridden ? ['SIGNALBOX_PLUGINS is set and overrides the file: name it there as well'] : []),
  ];
  session.terminal.result({ ...data, allowed: true, row, running: running(config) }, lines.join('\n'));
}

async function test(session: Session, name: string): Promise<void> {
  const config = configOf(session);
  const inspection = await inspect(config, name, config.isolation, parametersOf(config, name));
  const { report, kitFailure } = inspection;
  const passed = report?.passed === true;
  session.terminal.result(
    facts(inspection),
    report ? formatReport(report) : `${name}: the kit did not end: ${kitFailure}`,
    passed,
  );
  if (!passed) session.exitCode = EXIT.refused;
}

async function suspend(session: Session, code: string, flags: WorldFlag & { reason: string }): Promise<void> {
  const changed = await withStore(session, configOf(session, flags), async ({ pool, world }) => {
    await requireStrategy({ pool }, code);
    const { rows } = await pool.query<{ now: number | null }>(
      `SELECT max(time) + interval '5 minutes' AS now FROM usdcop_m5_ohlcv`,
    );
    const marketTime = world.kind === 'market' ? Date.now() : (rows[0]?.now ?? Date.now());
    return suspendStrategy(pool, code, flags.reason.slice(0, 300), marketTime);
  });
  session.terminal.result(
    { strategy_code: code, suspended: true, changed },
    changed
      ? `${code} is suspended · resume it with: signalbox plugins resume ${code}`
      : `${code} was suspended already`,
  );
}

async function resume(session: Session, code: string, flags: WorldFlag): Promise<void> {
  const config = configOf(session, flags);
  const changed = await withStore(session, config, async ({ pool }) => {
    await requireStrategy({ pool }, code);
    return resumeStrategy(pool, code);
  });
  session.terminal.result(
    { strategy_code: code, suspended: false, changed },
    changed
      ? `${code} is resumed${running(config) ? ' · the running host asks it again from its next bar on' : ''}`
      : `${code} was not suspended`,
  );
}

async function remove(session: Session, name: string, flags: ChangeFlags): Promise<void> {
  const config = configOf(session, flags);
  if (!config.plugins.includes(name)) {
    throw new SignalboxError(
      'STRATEGY_UNKNOWN',
      `${name} is not on the allow-list`,
      `Allowed are ${config.plugins.join(', ') || 'none'}.`,
    );
  }
  if (flags.dryRun) {
    session.terminal.result({ package: name, dry_run: true }, `${name} would be taken off (--dry-run)`);
    return;
  }
  await confirm(session, flags, `Take ${name} off the allow-list and switch its strategy off?`);
  const file = writeAllowList(
    config,
    config.plugins.filter((one) => one !== name),
  );
  let codes: string[] = [];
  await inStore(session, config, async ({ pool }) => {
    codes = (await listStrategies(pool)).filter((row) => row.package === name).map((row) => row.code);
    for (const code of codes) await setStrategyActive(pool, code, false);
  });
  session.terminal.result(
    { package: name, allowed: false, strategies: codes },
    `${name} is no longer allowed (${file})${codes.length > 0 ? ` · ${codes.join(', ')} switched off; signals and equity stay` : ''}`,
  );
}

/** Works on the database when there is one already. @returns whether there was */
async function inStore(session: Session, config: Config, work: (store: OpenStore) => Promise<void>): Promise<boolean> {
  try {
    await withStore(session, config, work);
    return true;
  } catch (error) {
    // no demo world yet: the first start makes it, and the rows
    if (isSignalboxError(error) && error.code === 'INPUT_NOT_FOUND') return false;
    throw error;
  }
}

async function requireStrategy({ pool }: Pick<OpenStore, 'pool'>, code: string): Promise<void> {
  const known = (await listStrategies(pool)).map((row) => row.code);
  if (known.includes(code)) return;
  throw new SignalboxError(
    'STRATEGY_UNKNOWN',
    `there is no strategy ${code.slice(0, 60)}`,
    `Known are ${known.join(', ') || 'none'}.`,
  );
}

/** The parameters that the configuration gives the strategy of a package, before any of its code runs. */
function parametersOf(config: Config, name: string): unknown {
  return config.strategies[locate(config.projectDir, name).code]?.parameters ?? {};
}

function running(config: Config): boolean {
  const database = config.databaseUrl
    ? decodeURIComponent(new URL(config.databaseUrl).pathname.slice(1))
    : WORLD_DATABASES[config.world === 'demo' ? 'simulated' : 'market'];
  return findRunning(config.projectDir, database) !== undefined;
}

function facts({ located, strategy, report, kitFailure }: Inspection): Record<string, unknown> {
  const { definition } = strategy;
  return {
    package: located.name,
    version: located.version,
    description: located.description,
    strategy_code: definition.code,
    strategy_name: definition.name,
    strategy_type: definition.type,
    features: definition.features,
    members: definition.members ?? [],
    artifacts: definition.artifacts ?? {},
    models: strategy.models,
    env: located.env,
    conformance: report,
    conformance_failure: kitFailure,
  };
}

function shown({ located, strategy, report, kitFailure }: Inspection): string {
  const { definition } = strategy;
  const artifacts = Object.entries(definition.artifacts ?? {}).map(
    ([artifact, formats]) =>
      `${artifact} (${formats.join(' or ')})${strategy.models[artifact] ? ', brought along' : ''}`,
  );
  const rows: [string, string][] = [
    ['package', `${located.name} ${located.version}`],
    ['strategy', `${definition.code} · ${definition.name} · ${definition.type}`],
    ['features', definition.features.join(', ') || 'none'],
    ...(definition.members?.length ? [['members', definition.members.join(', ')] as [string, string]] : []),
    ['artifacts', artifacts.join('; ') || 'none'],
    ['environment', located.env.join(', ') || 'nothing beside PATH, TZ and the like'],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return [
    ...rows.map(([label, text]) => `${label.padEnd(width)}  ${text}`),
    '',
    report ? formatReport(report) : `the kit did not end: ${kitFailure}`,
    '',
    'It will run in a process of its own, with a deadline and a limit of memory. That guards against faults, not against malice: it can read files and open connections as you can. Review what you install.',
  ].join('\n');
}

async function confirm(session: Session, flags: ChangeFlags, question: string): Promise<void> {
  if (flags.yes) return;
  if (session.json || !process.stdin.isTTY || !session.streams.stderr.isTTY) {
    throw new SignalboxError(
      'PARAMETER_INVALID',
      'there is nobody to ask here',
      'Say --yes, or --dry-run to look only.',
    );
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`${question} [y/N] `, { signal: session.signal });
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    prompt.close();
  }
  throw new SignalboxError('PARAMETER_INVALID', 'not confirmed; nothing was changed', 'Answer y, or say --yes.');
}
