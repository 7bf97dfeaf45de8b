import type { components, paths } from './generated/api.js';

type Schemas = components['schemas'];

/** The raw types of the API, by path. */
export type { components, paths };
export type Candle = Schemas['Candle'];
export type Candlesticks = Schemas['Candlesticks'];
export type ClockCommand = Schemas['ClockCommand'];
export type ClockStatus = Schemas['ClockStatus'];
export type CurrentPositions = Schemas['CurrentPositions'];
export type OpenPosition = Schemas['OpenPosition'];
export type EquityCurves = Schemas['EquityCurves'];
export type EquityCurve = Schemas['EquityCurve'];
export type EquityPoint = Schemas['EquityPoint'];
export type ErrorBody = Schemas['Error'];
export type Events = Schemas['Events'];
export type Health = Schemas['Health'];
export type LatestSignals = Schemas['LatestSignals'];
export type LatestSignal = Schemas['LatestSignal'];
export type LatestPrice = Schemas['LatestPrice'];
export type MarketStatus = Schemas['MarketStatus'];
export type Model = Schemas['Model'];
export type Models = Schemas['Models'];
export type NoSignal = Schemas['NoSignal'];
export type PerformanceComparison = Schemas['PerformanceComparison'];
export type PerformanceRow = Schemas['PerformanceRow'];
export type PnlSummary = Schemas['PnlSummary'];
export type PnlRow = Schemas['PnlRow'];
export type ServiceRoot = Schemas['ServiceRoot'];
export type Stats = Schemas['Stats'];
export type StrategyMetrics = Schemas['StrategyMetrics'];
export type StrategySignals = Schemas['StrategySignals'];
export type StrategySignal = Schemas['StrategySignal'];
export type StrategyTrades = Schemas['StrategyTrades'];
export type Trade = Schemas['Trade'];
export type TradingDay = Schemas['TradingDay'];
