import { FEED_STATES } from '../../ingest/feeds/check.js';
import { REJECT_REASONS } from '../../ingest/report.js';
import { Type } from '@sinclair/typebox';
import {
  Choice,
  ClockState,
  Day,
  Fraction,
  MARKET_STATUS,
  Nullable,
  Percent,
  Price,
  Shape,
  SIDES,
  SIGNALS,
  STRATEGY_STATES,
  Timestamp,
  Usd,
} from '../schemas.js';

const strategy = { strategy_code: Type.String(), strategy_name: Type.String() };

const origin = Choice(['plugin', 'external'], {
  description: 'external: it runs elsewhere, its signals are delivered',
});

export const signalFields = {
  signal: Choice(SIGNALS),
  side: Choice(['buy', 'sell', 'hold']),
  confidence: Nullable(Fraction),
  size: Nullable(Fraction),
  entry_price: Nullable(Price),
  stop_loss: Nullable(Price),
  take_profit: Nullable(Price),
  risk_usd: Nullable(Usd),
  reasoning: Nullable(Type.String()),
  timestamp: Timestamp,
  age_seconds: Type.Integer({ description: 'Market time now (the end of a backtest) − timestamp, whole seconds' }),
  signal_id: Type.Integer(),
  symbol: Type.String(),
  bar_time: Timestamp,
  mode: Nullable(Type.String({ description: 'live, catch_up, unwatched or backtest' })),
  not_traded: Nullable(Type.String({ description: 'Why the entry was not taken; null when it was, or has yet to be' })),
  round_trip_cost_bps: Nullable(Type.Number()),
  breakeven_hit_rate: Nullable(Type.Number()),
  origin,
  simulated: Type.Boolean(),
};

export const LatestSignals = Shape('LatestSignals', {
  timestamp: Timestamp,
  market_price: Nullable(Price),
  market_status: Choice(MARKET_STATUS),
  signals: Type.Array(Shape('LatestSignal', { ...strategy, ...signalFields, strategy_type: Type.String() })),
  symbol: Type.String(),
  run_id: Type.String(),
  simulated: Type.Boolean(),
});

export const CycleResult = Shape('CycleResult', {
  symbol: Type.String(),
  bar_time: Timestamp,
  status: Choice(['done', 'already_done']),
  signals: Type.Array(Shape('CycleSignal', { ...strategy, ...signalFields }), {
    description: 'The stored signals of the bar, in order of code; a strategy without an opinion has none',
  }),
});

export const IngestResult = Shape('IngestResult', {
  received: Type.Integer({ minimum: 0 }),
  accepted: Type.Integer({ minimum: 0 }),
  unchanged: Type.Integer({ minimum: 0 }),
  revised: Type.Integer({ minimum: 0 }),
  rejected: Type.Array(
    Shape('IngestRejection', {
      index: Type.Integer({ minimum: 0, description: 'Place of the row in the request, from 0' }),
      reason: Choice(REJECT_REASONS),
      meaning: Type.String(),
    }),
  ),
  unknown_columns: Type.Optional(Type.Array(Type.String())),
  unstored_columns: Type.Optional(Type.Array(Type.String())),
});

export const Feeds = Shape('Feeds', {
  feeds: Type.Array(
    Shape('SeriesFeed', {
      series: Type.String({ description: 'A symbol, or the name of a macro series' }),
      kind: Choice(['bars', 'macro']),
      feed: Nullable(Type.String({ description: 'twelvedata, fred, files, api, simulator; null: none' })),
      state: Choice(FEED_STATES),
      newest: Nullable(Type.String({ description: 'Open time of the newest bar, or date of the newest value' })),
      features: Type.Array(Type.String(), { description: 'What is missing without it' }),
      strategies: Type.Array(Type.String(), { description: 'Active strategies that need one of the features' }),
      message: Nullable(Type.String({ description: 'What is wrong; null when nothing is' })),
      remedy: Nullable(Type.String()),
    }),
    { description: 'Every series that an active strategy needs; those that are not ok first' },
  ),
});

export const StrategySignals = Shape('StrategySignals', {
  strategy_code: Type.String(),
  signals: Type.Array(Shape('StrategySignal', signalFields)),
});

const ratio = (what: string) =>
  Nullable(Type.Number({ description: `${what}; null under 10 session returns or with a zero denominator` }));

const comparisonFields = {
  total_return_pct: Nullable(Percent),
  daily_return_pct: Nullable(Type.Number({ description: 'Return of the last completed session, percent' })),
  sharpe_ratio: ratio('mean / sd · √N of session returns, sd with n − 1'),
  sortino_ratio: ratio('mean / √(Σ min(r, 0)² / n) · √N of session returns'),
  calmar_ratio: Nullable(Type.Number({ description: 'CAGR / maximum drawdown, from 60 sessions' })),
  total_trades: Type.Integer({ description: 'Positions whose exit lies in the window' }),
  win_rate: Nullable(Type.Number({ description: 'wins / (wins + losses), after fees; 0–1' })),
  profit_factor: Nullable(
    Type.Number({ description: 'Net of wins / net of losses; 0 with losses only, null without losses' }),
  ),
  max_drawdown_pct: Nullable(
    Type.Number({ description: 'Of bar equity in the window, from its base; positive percent' }),
  ),
  current_drawdown_pct: Nullable(Type.Number({ description: 'From the all-time peak; positive percent' })),
  volatility_pct: ratio('sd · √N · 100 of session returns'),
  avg_hold_time_minutes: Nullable(Type.Number({ description: 'Clock minutes' })),
  current_equity: Usd,
  open_positions: Type.Integer(),
  n: Type.Integer({ description: 'Session returns in the window' }),
  periods_per_year: Type.Number(),
  sharpe_standard_error: Nullable(Type.Number({ description: '√((N + SR²/2) / n)' })),
};
export const COMPARISON_PERIODS = ['24h', '7d', '30d', 'all'] as const;
export const PerformanceRow = Shape('PerformanceRow', {
  ...strategy,
  strategy_type: Type.String(),
  ...comparisonFields,
  origin: Choice(['plugin', 'external', 'baseline']),
});
export const PerformanceComparison = Shape('PerformanceComparison', {
  period: Choice(COMPARISON_PERIODS),
  start_date: Timestamp,
  end_date: Timestamp,
  strategies: Type.Array(PerformanceRow),
  baselines: Type.Optional(Type.Array(PerformanceRow, { description: 'With baselines=true: flat, hold_long, random' })),
  run_id: Type.String(),
  simulated: Type.Boolean(),
});

export const StrategyMetrics = Shape('StrategyMetrics', {
  ...PerformanceRow.properties,
  period: Choice(COMPARISON_PERIODS),
  start_date: Timestamp,
  end_date: Timestamp,
  run_id: Type.String(),
  simulated: Type.Boolean(),
});

export const RESOLUTIONS = ['5m', '1h', '1d'] as const;
export const EquityCurves = Shape('EquityCurves', {
  start_date: Timestamp,
  end_date: Timestamp,
  resolution: Choice(RESOLUTIONS),
  curves: Type.Array(
    Shape('EquityCurve', {
      ...strategy,
      data: Type.Array(
        Shape('EquityPoint', {
          timestamp: Timestamp,
          equity_value: Usd,
          return_pct: Type.Number({ description: 'From the start of the window, percent' }),
          drawdown_pct: Type.Number({ description: 'From the all-time peak, positive percent' }),
        }),
      ),
      summary: Nullable(
        Shape('EquitySummary', { starting_equity: Usd, ending_equity: Usd, total_return_pct: Percent }),
      ),
      origin,
    }),
  ),
  run_id: Type.String(),
  simulated: Type.Boolean(),
});

export const CurrentPositions = Shape('CurrentPositions', {
  timestamp: Timestamp,
  total_positions: Type.Integer(),
  total_notional: Usd,
  total_pnl: Usd,
  positions: Type.Array(
    Shape('OpenPosition', {
      position_id: Type.Integer(),
      ...strategy,
      side: Choice(SIDES),
      quantity: Type.Number({ description: 'Base units' }),
      entry_price: Price,
      current_price: Nullable(Price),
      stop_loss: Nullable(Price),
      take_profit: Nullable(Price),
      unrealized_pnl: Nullable(Usd),
      unrealized_pnl_pct: Nullable(Type.Number({ description: 'Percent of the notional' })),
      entry_time: Timestamp,
      holding_time_minutes: Type.Number({ description: 'Clock minutes' }),
      leverage: Type.Number(),
      symbol: Type.String(),
      origin,
      simulated: Type.Boolean(),
    }),
  ),
  run_id: Type.String(),
  simulated: Type.Boolean(),
});

export const PNL_PERIODS = ['today', 'week', 'month', 'all'] as const;
export const PnlSummary = Shape('PnlSummary', {
  period: Choice(PNL_PERIODS),
  start_date: Day,
  end_date: Day,
  strategies: Type.Array(
    Shape('PnlRow', {
      ...strategy,
      gross_profit: Usd,
      gross_loss: Usd,
      net_profit: Usd,
      total_fees: Usd,
      n_trades: Type.Integer(),
      n_wins: Type.Integer(),
      n_losses: Type.Integer(),
      win_rate: Nullable(Fraction),
      avg_win: Nullable(Usd),
      avg_loss: Nullable(Usd),
      avg_trade: Nullable(Usd),
      profit_factor: Nullable(Type.Number()),
      origin,
    }),
  ),
  portfolio_total: Usd,
  run_id: Type.String(),
  simulated: Type.Boolean(),
});

export const Model = Shape('Model', {
  ...strategy,
  strategy_type: Type.String(),
  origin,
  package: Nullable(Type.String()),
  version: Nullable(Type.String()),
  state: Choice(STRATEGY_STATES),
  reason: Nullable(Type.String()),
  champion: Nullable(
    Shape('Champion', {
      version: Type.String(),
      sha256: Type.String(),
      trained_on: Nullable(Choice(['market', 'simulated'])),
    }),
  ),
  is_active: Type.Boolean(),
  last_no_signal: Nullable(
    Shape(
      'NoSignal',
      { code: Type.String(), detail: Nullable(Type.String()), bar_time: Timestamp, timestamp: Timestamp },
      'The newest bar on which the strategy gave no opinion, and why; it counts when it is newer than the latest signal',
    ),
  ),
});
export const Models = Shape('Models', { models: Type.Array(Model) });

export const StrategyTrades = Shape('StrategyTrades', {
  strategy_code: Type.String(),
  trades: Type.Array(
    Shape('Trade', {
      position_id: Type.Integer(),
      side: Choice(SIDES),
      quantity: Type.Number(),
      entry_time: Timestamp,
      entry_price: Price,
      exit_time: Nullable(Timestamp),
      exit_price: Nullable(Price),
      realized_pnl: Nullable(Usd),
      fees: Usd,
      close_reason: Nullable(Type.String()),
      status: Choice(['open', 'closed']),
      symbol: Type.String(),
    }),
  ),
});

export const Events = Shape('Events', {
  events: Type.Array(
    Shape('Event', {
      seq: Type.Integer(),
      type: Type.String(),
      time: Timestamp,
      recorded_at: Timestamp,
      payload: Type.Record(Type.String(), Type.Unknown()),
    }),
  ),
  last_seq: Type.Integer({ description: 'Highest published seq; 0 before the first event' }),
});

export const CLOCK_ACTIONS = ['pause', 'resume', 'step', 'restart', 'speed'] as const;
export const ClockCommand = Shape('ClockCommand', {
  action: Choice(CLOCK_ACTIONS),
  speed: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 100_000,
      description: 'Market seconds per wall second, with action speed',
    }),
  ),
});
export const ClockStatus = Shape('ClockStatus', {
  ...ClockState.properties,
  world: Choice(['market', 'simulated']),
  simulated: Type.Boolean(),
  market_status: Choice(MARKET_STATUS),
  next_open: Timestamp,
  next_close: Timestamp,
});

const Found = Type.Union([Type.Number(), Type.String(), Type.Null()]);
const Compared = Shape('ExplainComparison', {
  equal: Nullable(Type.Boolean({ description: 'null: cannot be compared, see note' })),
  differences: Type.Array(Shape('ExplainDifference', { name: Type.String(), stored: Found, found: Found })),
  note: Nullable(Type.String()),
});
export const Explanation = Shape('Explanation', {
  signal_id: Type.Integer(),
  strategy_code: Type.String(),
  symbol: Type.String(),
  bar_time: Timestamp,
  timestamp: Timestamp,
  run_id: Type.String(),
  mode: Type.String(),
  origin: Choice(['plugin', 'external']),
  plugin_version: Nullable(Type.String()),
  feature_hashes: Type.Record(Type.String(), Nullable(Type.String())),
  model_sha256: Nullable(Type.String()),
  calendar_version: Nullable(Type.String()),
  state_hash: Nullable(Type.String({ description: "SHA-256 of the strategy's book and saved state before the bar" })),
  data_watermark: Nullable(Timestamp),
  features: Type.Record(Type.String(), Nullable(Type.Number()), { description: 'The stored vector; null is missing' }),
  stored_vector: Compared,
  as_known_then: Compared,
  as_known_today: Compared,
  simulated: Type.Boolean(),
});
