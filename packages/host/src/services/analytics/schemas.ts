import { Type } from '@sinclair/typebox';
import { Choice, Code, Day, Fraction, Nullable, Percent, Shape, SymbolName, Timestamp, Usd } from '../schemas.js';

const Bps = Type.Number({ description: 'Basis points' });
const Count = Type.Integer({ minimum: 0 });
const of = <T extends typeof Percent>(schema: T, description: string): T => ({ ...schema, description });
const nullable = (schema: typeof Percent, description: string) => Nullable(of(schema, description));

export const symbolParameter = Type.Optional(SymbolName);
export const strategyParameter = Type.Optional(Code);
export const days = (standard: number) =>
  Type.Integer({
    minimum: 1,
    maximum: 1825,
    default: standard,
    description: 'Calendar days back from the newest stored row',
  });

/** What every answer carries beside its figures. */
export const HEAD = {
  symbol: Type.String({ description: 'BASE/QUOTE' }),
  period_days: Type.Integer({ minimum: 0 }),
  data_points: Type.Integer({ minimum: 0, description: 'Stored rows that the figures come from' }),
  timestamp: Timestamp,
};
export const TAIL = {
  notes: Type.Record(Type.String(), Type.String(), { description: 'Why a figure is null, by its name' }),
  simulated: Type.Boolean(),
};
const StrategyCode = Nullable(Type.String({ description: 'null: no strategy was asked for' }));
export const BASES = ['strategy_equity', 'instrument'] as const;
const RATIOS = {
  n: Type.Integer({ minimum: 0, description: 'Session returns' }),
  basis: Choice(BASES, {
    description: 'strategy_equity: stored equity and closed positions; instrument: holding one unit of the pair',
  }),
  periods_per_year: Type.Number(),
};

export const PerformanceKpis = Shape('PerformanceKpis', {
  ...HEAD,
  strategy: StrategyCode,
  kpis: Shape('Kpis', {
    sortinoRatio: nullable(Percent, 'mean(r) / √(Σ min(r, 0)² / n) · √N of session returns r; null under 10'),
    calmarRatio: nullable(Percent, 'CAGR / maxDrawdown; null under 60 session returns'),
    sharpeRatio: nullable(Percent, 'mean(r) / sd(r) · √N, sd with n − 1; null under 10'),
    maxDrawdown: nullable(Percent, "Percent below the peak of bar values, which begins at the window's base"),
    currentDrawdown: nullable(Percent, 'Percent below the all-time peak'),
    profitFactor: nullable(
      Percent,
      'Net of winning trades / net of losing ones; of the instrument: positive session returns / negative ones',
    ),
    cagr: nullable(Percent, 'Percent a year: (last / first)^(N/n) − 1; null under 10 session returns'),
    volatility: nullable(Percent, 'Percent a year: sd(r) · √N · 100'),
    benchmarkSpread: nullable(
      Percent,
      'CAGR less that of holding the pair over the same window; null without strategy',
    ),
  }),
  ...RATIOS,
  sharpeStandardError: nullable(Percent, '√((N + SR²/2) / n)'),
  ...TAIL,
});

export const RiskMetrics = Shape('RiskMetrics', {
  ...HEAD,
  strategy: StrategyCode,
  risk_metrics: Shape('RiskFigures', {
    portfolioValue: of(Usd, 'As asked, US dollars'),
    grossExposure: of(Usd, 'Σ notional of the open positions, US dollars; 0 without any'),
    netExposure: of(Usd, 'Long notional less short, US dollars; 0 without any'),
    leverage: of(Usd, 'grossExposure / portfolioValue'),
    portfolioVaR95: nullable(
      Usd,
      'Historical, one session: minus the 5 % quantile of session returns · value, at least 0',
    ),
    portfolioVaR99: nullable(Usd, 'The same with the 1 % quantile; with few returns it is the worst of them'),
    portfolioVaR95Percent: nullable(Percent, 'portfolioVaR95 in percent of the value'),
    expectedShortfall95: nullable(
      Usd,
      'Minus the mean of the returns at or below the 5 % quantile · value, at least 0',
    ),
    portfolioVolatility: nullable(Percent, 'Percent a year: sd(r) · √N · 100'),
    currentDrawdown: nullable(Percent, 'Percent below the all-time peak'),
    maximumDrawdown: nullable(Percent, "Percent below the peak of bar values, which begins at the window's base"),
    liquidityScore: nullable(Percent, '0–100: share of grossExposure that 10 % of the mean session volume takes'),
    timeToLiquidate: nullable(Percent, 'Session minutes to leave grossExposure at 10 % of the mean volume'),
    bestCaseScenario: nullable(Usd, 'Largest session return · value, US dollars'),
    worstCaseScenario: nullable(Usd, 'Smallest session return · value, US dollars'),
  }),
  ...RATIOS,
  ...TAIL,
});

export const RlMetrics = Shape('RlMetrics', {
  ...HEAD,
  strategy: Type.String(),
  metrics: Shape('RlFigures', {
    tradesPerEpisode: nullable(Percent, 'Closed trades / sessions with stored signals'),
    avgHolding: nullable(Percent, 'Mean number of stored bars that a closed trade was held'),
    actionBalance: Nullable(
      Shape(
        'ActionBalance',
        { buy: Fraction, sell: Fraction, hold: Fraction },
        'Shares of long, short, flat and close signals',
      ),
    ),
    spreadCaptured: nullable(Bps, 'Mean improvement of the entry over the quoted half-spread; null on paper'),
    pegRate: nullable(Percent, 'Share of pegged orders; null without volume'),
    vwapError: nullable(
      Bps,
      "Mean distance of entries from their session's volume-weighted price; null without volume",
    ),
  }),
  ...TAIL,
});

export const SessionPnl = Shape('SessionPnl', {
  ...HEAD,
  strategy: StrategyCode,
  session_date: Nullable(Day),
  session_open: Nullable(Type.Number({ description: "Open of the session's first stored bar" })),
  session_close: Nullable(Type.Number({ description: 'Close of its last stored bar, so far where it has not ended' })),
  session_pnl: nullable(Usd, 'Σ pnl of the strategies'),
  session_pnl_percent: nullable(Percent, 'session_pnl / Σ equity at the open'),
  has_data: Type.Boolean({ description: 'Bars of the session are stored' }),
  strategies: Type.Array(
    Shape('SessionPnlRow', {
      strategy_code: Type.String(),
      pnl: nullable(
        Usd,
        'Equity at its last mark in the session less the last one before it, else less the initial equity',
      ),
      pnl_percent: nullable(Percent, 'pnl / equity at the open'),
      n_trades: Type.Integer({ minimum: 0, description: 'Positions closed in the session' }),
    }),
  ),
  ...TAIL,
});

export const CONDITION_STATUS = ['normal', 'warning', 'critical', 'unknown'] as const;
export const MarketConditions = Shape('MarketConditions', {
  ...HEAD,
  conditions: Type.Array(
    Shape('MarketCondition', {
      indicator: Type.String(),
      value: Nullable(Type.Number()),
      unit: Type.String(),
      status: Choice(CONDITION_STATUS, { description: 'unknown: no value, or a stale one' }),
      change: Nullable(
        Type.Number({
          description: 'value less the newest one that is at least `days` calendar days older, in `unit`',
        }),
      ),
      observed_at: Nullable(
        Type.String({ description: 'Date of a macro value (YYYY-MM-DD); for what bars say, completion of the newest' }),
      ),
      description: Type.String(),
    }),
  ),
  ...TAIL,
});

export const GATE_STATUS = ['pass', 'fail', 'unknown'] as const;
export const OPERATORS = ['>=', '<=', '<'] as const;
export const ProductionGates = Shape('ProductionGates', {
  ...HEAD,
  strategy: Type.String(),
  production_ready: Type.Boolean({ description: 'Every gate passes; an unknown value is not a pass' }),
  passing_gates: Count,
  total_gates: Count,
  gates: Type.Array(
    Shape('ProductionGate', {
      title: Type.String(),
      value: Nullable(Type.Number()),
      threshold: Type.Number(),
      operator: Choice(OPERATORS),
      status: Choice(GATE_STATUS),
      description: Type.String(),
    }),
  ),
  ...TAIL,
});

export const SpreadProxy = Shape('SpreadProxy', {
  ...HEAD,
  method: Choice(['corwin-schultz']),
  statistics: Shape('SpreadStatistics', {
    mean_bps: Nullable(Bps),
    median_bps: Nullable(Bps),
    std_bps: nullable(Bps, 'Standard deviation with n − 1'),
    p95_bps: Nullable(Bps),
    min_bps: Nullable(Bps),
    max_bps: Nullable(Bps),
    current_bps: nullable(Bps, 'The newest estimate'),
  }),
  timeseries: Type.Array(
    Shape('SpreadPoint', {
      timestamp: Type.String({ format: 'date-time', description: 'Completion of the second bar of the pair' }),
      spread_bps: Bps,
    }),
    { maxItems: 100, description: 'The newest 100 estimates, oldest first' },
  ),
  note: Type.String(),
  n_estimates: Count,
  n_negative: Type.Integer({ minimum: 0, description: 'Estimates below 0, which count as 0' }),
  close_only_share: Nullable(
    Type.Number({ minimum: 0, maximum: 1, description: 'Share of bars whose high is their low' }),
  ),
  ...TAIL,
});

export const PROGRESS_STATUS = ['PRE_MARKET', 'OPEN', 'CLOSED', 'WEEKEND', 'HOLIDAY'] as const;
export const SessionProgress = Shape('SessionProgress', {
  ...HEAD,
  status: Choice(PROGRESS_STATUS, {
    description: 'PRE_MARKET is the hour before a session; CLOSED is before that hour, and after the session',
  }),
  progress: Type.Number({ minimum: 0, maximum: 100, description: 'Percent of the time of the session that is over' }),
  bars_elapsed: Type.Integer({ minimum: 0, description: 'Slots that are complete' }),
  bars_total: Count,
  time_remaining_minutes: Type.Integer({
    minimum: 0,
    description: 'Minutes of the session still to come, begun ones whole',
  }),
  session_start: Timestamp,
  session_end: Timestamp,
  current_time: Timestamp,
  ...TAIL,
});

export const EXECUTION_QUALITY = ['good', 'fair', 'poor', 'unknown'] as const;
const Reasons = Type.Record(Type.String(), Count);
export const ExecutionMetrics = Shape('ExecutionMetrics', {
  ...HEAD,
  strategy: StrategyCode,
  metrics: Shape('ExecutionFigures', {
    vwap: Nullable(
      Type.Number({ description: 'Σ typical price · volume / Σ volume of the bars; null without volume' }),
    ),
    effective_spread_bps: nullable(Bps, 'Twice the distance of fills from the mid; null: no quotes are stored'),
    avg_slippage_bps: nullable(
      Bps,
      "Mean of (fill − signal price) / signal price · 10,000, sign turned for shorts: positive is worse than the signal's",
    ),
    turnover_cost_bps: nullable(Bps, 'Σ fees / Σ notional of all fills · 10,000'),
    fill_ratio_pct: nullable(Percent, 'n_fills / n_orders · 100'),
  }),
  additional_stats: Shape('ExecutionCounts', {
    n_orders: Type.Integer({
      minimum: 0,
      description:
        'Accepted signals that asked for an entry and were filled or cancelled: not those in a position of their side',
    }),
    n_fills: Type.Integer({ minimum: 0, description: 'Orders that were filled' }),
    n_cancelled: Type.Integer({ minimum: 0, description: 'Orders that the book refused at the next open' }),
    cancelled_by_reason: Reasons,
    n_pending: Type.Integer({ minimum: 0, description: 'Orders that wait for the next open; not in n_orders' }),
    n_refused: Type.Integer({ minimum: 0, description: 'Signals that were not accepted; not in n_orders' }),
    refused_by_reason: Reasons,
  }),
  quality_assessment: Choice(EXECUTION_QUALITY, {
    description:
      'good: fill ratio ≥ 95 % and slippage ≤ 5 bp; fair: ≥ 80 % and ≤ 15 bp; else poor; unknown without fills',
  }),
  ...TAIL,
});
