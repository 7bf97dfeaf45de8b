import { Command, InvalidArgumentError } from 'commander';
import { openPlan } from '../inference/plan.js';
import { checkParameters } from '../jobs/parameters.js';
import { runSweep, type SweepReport } from '../jobs/sweep.js';
import { discover } from '../plugins/discover.js';
import { pluginTransforms } from '../plugins/transforms.js';
import { openArtifacts } from '../stores/artifacts/open.js';
import { submitJob } from './jobs.js';
import { configOf, day, type Session } from './session.js';
import { withStore } from './store.js';
import { table } from './terminal.js';

type Grid = Readonly<Record<string, readonly unknown[]>>;

interface Flags {
  readonly grid: Grid;
  readonly from?: string;
  readonly to?: string;
  readonly name?: string;
  readonly world: string;
  readonly keep?: boolean;
  readonly job?: boolean;
}

/** `signalbox sweep CODE`: a backtest for each combination of parameters, and how lucky the best one may be. */
export function sweepCommand(session: Session): Command {
  return new Command('sweep')
    .description('backtest a strategy over a grid of its parameters, and say how lucky the best one may be')
    .argument('<code>', 'the strategy')
    .requiredOption('--grid <name=a,b,c>', 'a parameter and its values, repeatable', grid, {})
    .option('--from <date>', 'first session, YYYY-MM-DD; default: the first stored', day)
    .option('--to <date>', 'last session, YYYY-MM-DD; default: the last stored', day)
    .option('--name <text>', 'a name for the runs')
    .option('--keep', 'keep the rows of each run; without it only the figures stay')
    .option('--job', 'queue it for a running host instead of running it here')
    .option('--world <world>', 'market or demo', 'market')
    .addHelpText(
      'after',
      '\nExamples:\n  signalbox sweep ENSEMBLE --grid quorum=0.4,0.5,0.6 --from 2024-01-01\n  signalbox sweep RL_PPO --grid threshold=0.05,0.1,0.2 --job',
    )
    .action((code: string, flags: Flags) => run(session, code, flags));
}

async function run(session: Session, strategy: string, flags: Flags): Promise<void> {
  const { terminal, signal } = session;
  const { from, to, name, keep } = flags;
  const asked = {
    strategy,
    grid: flags.grid,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(name === undefined ? {} : { name }),
    ...(keep === undefined ? {} : { keep }),
  };
  checkParameters('sweep', asked);
  if (flags.job) return submitJob(session, flags.world, 'sweep', asked);
  const config = configOf(session, { world: flags.world });
  const discovered = await discover(config.projectDir, config.plugins);
  const transforms = await pluginTransforms(config.projectDir, config.plugins);
  const plan = openPlan(config.instruments[0], config.features, transforms);
  const artifacts = await openArtifacts(config.projectDir, config.artifacts);
  const report = await withStore(session, config, async ({ pool, world }) => {
    const progress = terminal.progress('sweep');
    try {
      return await runSweep({
        ...asked,
        pool,
        world: world.kind,
        plan,
        discovered,
        allowSimulatedModels: config.allowSimulatedModels,
        artifacts,
        beginnings: config.strategies,
        now: Date.now(),
        signal,
        onProgress: (done, note) => progress.update(done, 1, note),
      });
    } finally {
      progress.stop();
    }
  });
  terminal.result(report, textOf(report));
}

/** `name=1,2,3`: numbers, true, false, or text. */
function grid(text: string, before: Grid): Grid {
  const [, name, values] = /^([\w.]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || values === undefined) throw new InvalidArgumentError('Give name=value,value.');
  const read = (value: string): unknown =>
    value === 'true'
      ? true
      : value === 'false'
        ? false
        : value !== '' && Number.isFinite(Number(value))
          ? Number(value)
          : value;
  return { ...before, [name]: values.split(',').map((value) => read(value.trim())) };
}

function textOf({ trials, warning }: SweepReport): string {
  const fixed = (value: number | null): string => (value === null ? '–' : value.toFixed(2));
  const names = Object.keys(trials[0]!.parameters);
  return [
    table(
      [...names, 'return %', 'Sharpe', '± s.e.', 'max drawdown %', 'trades', 'run'],
      trials.map(({ parameters, result, run_id }) => [
        ...names.map((name) => String(parameters[name])),
        fixed(result.total_return_pct),
        fixed(result.sharpe_ratio),
        fixed(result.sharpe_standard_error),
        fixed(result.max_drawdown_pct),
        String(result.total_trades),
        run_id ?? '',
      ]),
    ),
    '',
    warning,
  ].join('\n');
}
