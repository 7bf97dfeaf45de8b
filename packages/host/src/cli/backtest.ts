import { Command } from 'commander';
import { runBacktest, type BacktestReport } from '../inference/backtest.js';
import type { StrategyResult } from '../inference/backtest-result.js';
import { planOf } from '../inference/configured-plan.js';
import { discover } from '../plugins/discover.js';
import { openArtifacts } from '../stores/artifacts/open.js';
import { submitJob } from './jobs.js';
import { configOf, day, type Session } from './session.js';
import { withStore } from './store.js';
import { table } from './terminal.js';

interface BacktestFlags {
  readonly from?: string;
  readonly to?: string;
  readonly strategies?: string;
  readonly name?: string;
  readonly world: string;
  readonly job?: boolean;
}

/** `signalbox backtest`: the stored bars of a window through the installed strategies, into a run of its own. */
export function backtestCommand(session: Session): Command {
  return new Command('backtest')
    .description('run the stored bars of a window through the installed strategies, into a run of its own')
    .option('--from <date>', 'first session, YYYY-MM-DD; default: the first stored', day)
    .option('--to <date>', 'last session, YYYY-MM-DD; default: the last stored', day)
    .option('--strategies <codes>', 'codes with commas; default: all active ones')
    .option('--name <text>', 'a name for the run')
    .option('--job', 'queue it for a running host instead of running it here')
    .option('--world <world>', 'market or demo', 'market')
    .addHelpText(
      'after',
      '\nExamples:\n  signalbox backtest --from 2024-01-01 --to 2024-12-31\n  signalbox backtest --strategies ML_XGB,ENSEMBLE --json',
    )
    .action((flags: BacktestFlags) => run(session, flags));
}

async function run(session: Session, flags: BacktestFlags): Promise<void> {
  const { terminal, signal } = session;
  const config = configOf(session, { world: flags.world });
  const strategies = flags.strategies
    ?.split(',')
    .map((code) => code.trim())
    .filter(Boolean);
  if (flags.job) {
    const { from, to, name } = flags;
    return submitJob(session, flags.world, 'backtest', {
      ...(strategies === undefined ? {} : { strategies }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(name === undefined ? {} : { name }),
    });
  }
  const discovered = await discover(config.projectDir, config.plugins);
  const plan = await planOf(config);
  const artifacts = await openArtifacts(config.projectDir, config.artifacts);
  const report = await withStore(session, config, async ({ pool, world }) => {
    signal.throwIfAborted();
    const progress = terminal.progress('backtest', 'bars');
    const said = new Set<string>();
    try {
      return await runBacktest({
        pool,
        world: world.kind,
        plan,
        discovered,
        allowSimulatedModels: config.allowSimulatedModels,
        artifacts,
        beginnings: config.strategies,
        now: Date.now(),
        signal,
        onProgress: (done, total) => progress.update(done, total),
        log: (code, message) => {
          // a strategy that cannot serve says so once, not on every bar
          if (said.has(`${code} ${message}`)) return;
          said.add(`${code} ${message}`);
          terminal.talk(`${code}: ${message}`);
        },
        ...(flags.from === undefined ? {} : { from: flags.from }),
        ...(flags.to === undefined ? {} : { to: flags.to }),
        ...(flags.name === undefined ? {} : { name: flags.name }),
        ...(strategies === undefined ? {} : { strategies }),
      });
    } finally {
      progress.stop();
    }
  });
  terminal.result(report, textOf(report));
}

function textOf(report: BacktestReport): string {
  const head = [
    'strategy',
    'return %',
    'Sharpe',
    '± s.e.',
    'n',
    'max drawdown %',
    'trades',
    'win rate',
    'fees $',
    'signals',
    'no signal',
  ];
  const lines = [
    `run ${report.runId}${report.name === null ? '' : ` (${report.name})`} · ${report.symbol} · ${report.world === 'simulated' ? 'SIMULATED data' : 'market data'}`,
    `${report.from} to ${report.to} · ${report.bars.toLocaleString('en-US')} bars after ${report.warmed.toLocaleString('en-US')} that warmed the features · ${report.seconds} s`,
    '',
    table(head, report.strategies.map(rowOf)),
    '',
    'Paper results after costs. Sharpe from session returns; with fewer than 10 there is none.',
  ];
  for (const { code, state, reason } of report.status) if (reason !== null) lines.push(`${code}: ${state} · ${reason}`);
  return lines.join('\n');
}

function rowOf(result: StrategyResult): string[] {
  const fixed = (value: number | null, digits = 2): string => (value === null ? '–' : value.toFixed(digits));
  return [
    result.strategy,
    fixed(result.total_return_pct),
    fixed(result.sharpe_ratio),
    fixed(result.sharpe_standard_error),
    String(result.n),
    fixed(result.max_drawdown_pct),
    String(result.total_trades),
    fixed(result.win_rate),
    fixed(result.total_fees),
    String(result.signals),
    String(result.no_signals),
  ];
}
