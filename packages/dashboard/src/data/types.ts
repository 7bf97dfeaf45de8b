/** The API's shapes under the names the page uses. All come from the client, which has them from the host's schemas. */
export type {
  Alert,
  Candle,
  ClockStatus as Clock,
  CurrentPositions as Positions,
  EquityCurve as Curve,
  EquityCurves as Curves,
  Explanation,
  LatestSignal,
  LatestSignals as Latest,
  Model,
  NoSignal,
  OpenPosition as Position,
  PerformanceComparison as Comparison,
  PerformanceRow as ComparisonRow,
  SeriesFeed,
  StrategyRisk,
  StreamEvent,
} from '@signalbox/client';
import type { ClockCommand, ClockStatus, StrategySignals } from '@signalbox/client';

export type Signal = StrategySignals['signals'][number];
export type Direction = Signal['signal'];
export type ClockAction = ClockCommand['action'];
export type MarketStatus = ClockStatus['market_status'];
