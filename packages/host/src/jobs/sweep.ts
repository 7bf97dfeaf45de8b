import { runBacktest, type BacktestOptions } from '../inference/backtest.js';
import type { StrategyResult } from '../inference/backtest-result.js';
import { deleteRun } from '../stores/postgres/runs.js';
import { deflatedSharpe, type Deflated } from './deflated-sharpe.js';
import { combinationsOf, type Combination } from './grid.js';

export interface Trial {
  readonly parameters: Combination;
  /** Null when its rows were not kept. */
  readonly run_id: string | null;
  readonly result: StrategyResult;
  /** Fractions, by completed session. */
  readonly returns: readonly number[];
}

export interface SweepReport {
  readonly strategy: string;
  readonly from: string | null;
  readonly to: string | null;
  /** Best Sharpe ratio first. */
  readonly trials: readonly Omit<Trial, 'returns'>[];
  readonly deflated_sharpe: Deflated | null;
  readonly warning: string;
}

export interface SweepOptions extends Omit<BacktestOptions, 'strategies' | 'parameters' | 'onProgress' | 'onRun'> {
  readonly strategy: string;
  readonly grid: Readonly<Record<string, readonly unknown[]>>;
  /** Keep the rows of each run; without it they are removed once the figures are taken from them. */
  readonly keep?: boolean;
  /** Finished by an earlier attempt, in order. */
  readonly finished?: readonly Trial[];
  /** Hears of all that is finished after each trial. */
  readonly onTrial?: (finished: readonly Trial[]) => Promise<void>;
  readonly onRun?: (runId: string) => Promise<void>;
  /** 0–1, and what it is at. */
  readonly onProgress?: (progress: number, note: string) => void;
}

/**
 * A backtest of one strategy for each combination of a grid. Every trial more makes it likelier that the best one was lucky:
 * the report says by how much.
 * @throws what {@link runBacktest} throws
 */
export async function runSweep(options: SweepOptions): Promise<SweepReport> {
  const { strategy, grid, keep = false, finished = [], onTrial, onProgress, ...rest } = options;
  const combinations = combinationsOf(grid);
  const trials: Trial[] = [...finished];
  for (let k = trials.length; k < combinations.length; k++) {
    const parameters = combinations[k]!;
    const note = `${k + 1} of ${combinations.length}`;
    const report = await runBacktest({
      ...rest,
      strategies: [strategy],
      parameters: { [strategy]: parameters },
      name: `${rest.name ?? `sweep of ${strategy}`} ${note}`,
      onProgress: (done, total) => onProgress?.((k + done / Math.max(1, total)) / combinations.length, note),
    });
    trials.push({
      parameters,
      run_id: keep ? report.runId : null,
      result: report.strategies[0]!,
      returns: await returnsOf(options, report.runId),
    });
    if (!keep) await deleteRun(rest.pool, report.runId);
    await onTrial?.(trials);
  }
  return reportOf(options, trials);
}

async function returnsOf({ pool }: SweepOptions, runId: string): Promise<number[]> {
  const { rows } = await pool.query<{ r: number }>(
    `SELECT daily_return_pct::float8 / 100 AS r FROM dw.fact_strategy_performance
     WHERE run_id = $1 AND daily_return_pct IS NOT NULL ORDER BY date_cot`,
    [runId],
  );
  return rows.map(({ r }) => r);
}

function reportOf({ strategy, from, to }: SweepOptions, trials: readonly Trial[]): SweepReport {
  const order = [...trials].sort((a, b) => (b.result.sharpe_ratio ?? -Infinity) - (a.result.sharpe_ratio ?? -Infinity));
  const perPeriod = trials.flatMap(({ result }) =>
    result.sharpe_ratio === null ? [] : [result.sharpe_ratio / Math.sqrt(result.periods_per_year)],
  );
  const deflated = deflatedSharpe(perPeriod, order[0]?.returns ?? []);
  const chance = deflated && `${(100 * deflated.probability).toFixed(1)} %`;
  return {
    strategy,
    from: from ?? null,
    to: to ?? null,
    trials: order.map(({ parameters, run_id, result }) => ({ parameters, run_id, result })),
    deflated_sharpe: deflated,
    warning:
      trials.length < 2
        ? 'One trial: nothing was chosen among others.'
        : `The best of ${trials.length} trials is better than it deserves. ` +
          (chance === null
            ? 'There are too few sessions or trials to say by how much.'
            : `Given so many, the chance that its true Sharpe ratio is above zero is ${chance}` +
              `${deflated!.probability < 0.95 ? ': not enough to rely on (95 % is usual)' : ''}.`) +
          ' Judge it on sessions that no trial has seen.',
  };
}
