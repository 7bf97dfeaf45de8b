// The public face, by room.
export { ERROR_CODES, isSignalboxError, SignalboxError, StrategyUnavailable, type ErrorCode } from './errors.js';
export { andThen, isPromise, whenAll, type Maybe } from './maybe.js';

// market
export type { Bar } from './market/bar.js';
export { USD_COP, type Instrument } from './market/instrument.js';
export { FLAT, type Position } from './market/position.js';
export type { Clock } from './market/clock.js';
export type { Slot } from './market/slot.js';
export { createCalendar, type Calendar, type CalendarData, type MarketStatus } from './market/calendar.js';
export { changePct, round } from './market/decimal.js';
export { addMoney, checkInstrument, feeUsd, profit, quantityFor, riskAt } from './market/money.js';
export { findBadTicks, PriceQuality, type BadTick, type QualityReading } from './market/quality.js';
export { createZone, type Zone } from './market/zone.js';
export { CALENDARS, USDCOP_CALENDAR } from './market/calendars.js';
export { colombianHolidays, isUsHoliday, usHolidays, type Holiday } from './market/holidays.js';

// indicators
export { Adx } from './indicators/adx.js';
export { Atr } from './indicators/atr.js';
export { SlotGap } from './indicators/gap.js';
export { Rsi } from './indicators/rsi.js';

// features
export type {
  Availability,
  ConfigProblem,
  FeatureConfig,
  FeatureDefinition,
  FeatureSource,
  FeatureTransform,
  Normalisation,
  SeriesDefinition,
  ValidateConfig,
} from './features/config.js';
export { defaultFeatures } from './features/default.js';
export {
  compileFeatures,
  computeFeatures,
  type BatchStream,
  type FeaturePlan,
  type FeatureRow,
  type FeatureRows,
  type FeatureStream,
  type FeatureTable,
} from './features/engine.js';
export { canonicalJson, firstDifference, hashDefinition, type DefinitionDifference } from './features/hash.js';
export { POSITION_FIELDS, type PositionFeatures, type PositionField } from './features/position-features.js';
export { parseFeatureConfig } from './features/parse.js';
export { FEATURE_CONFIG_SCHEMA, featureConfigSchema } from './features/schema.js';
export { createSymbolBars, type SymbolBars } from './features/symbol-bars.js';
export { CALENDAR_FIELDS, type CalendarField } from './features/calendar-features.js';
export {
  defineTransform,
  withTransforms,
  type CustomKernel,
  type CustomTransform,
} from './features/custom-transform.js';
export type { ParameterRule, Parameters, Transforms } from './features/transforms.js';
export { createSeriesTable, type SeriesColumn, type SeriesObservation, type SeriesTable } from './features/series.js';
export { splitBySession, type Split, type SplitOptions, type SplitPart } from './features/split.js';
export { sha256 } from './features/sha256.js';

// strategies
export {
  defineStrategy,
  STRATEGY_BRAND,
  type AnySession,
  type AnyStrategy,
  type AnyView,
  type Artifact,
  type ArtifactFormat,
  type Context,
  type Session,
  type StrategyDefinition,
  type Turn,
  type View,
} from './strategies/contract.js';
export {
  NO_OPINION_CODES,
  type Given,
  type MemberOpinion,
  type NoOpinionCode,
  type Opinion,
} from './strategies/opinion.js';
export { opinionFault, wellFormed } from './strategies/opinion-check.js';
export { externalSeat, seatAll, type FeatureChoice, type Seat } from './strategies/seat.js';
export { askSession, openSession, type SessionOptions } from './strategies/session.js';
export { verifyArtifact, type FeatureSupply, type LoadedModel, type VerifiedModel } from './strategies/artifact.js';
export {
  binaryOpinion,
  DEAD_ZONE_BPS,
  modelOpinion,
  regressionOpinion,
  threeClassOpinion,
  type ModelOpinion,
} from './strategies/model-opinion.js';
export { openModelSession, type ModelSessionOptions } from './strategies/model-session.js';
export { defineModelStrategy, type ModelStrategyOptions } from './strategies/model-strategy.js';
export type { Trainer, TrainingProgress, TrainingRequest, TrainingResult } from './strategies/trainer.js';
export { describeUnusual } from './strategies/unusual.js';
export {
  readManifest,
  type GoldenVectors,
  type ModelManifest,
  type ModelOutput,
  type PinnedFeature,
} from './strategies/manifest.js';

// signals
export { NOT_TRADED_REASONS, type NoSignal, type NotTraded, type Signal } from './signals/signal.js';

export { DEAREST_COST_BPS, roundTripCostBps } from './signals/costs.js';
export { toSignal, type SignalContext } from './signals/price.js';
export { Volatility, type VolatilityReading } from './signals/volatility.js';

// portfolio
export { openBook, place, positionView, resetDrawdown, settle } from './portfolio/book.js';
export type { SettleContext } from './portfolio/fills.js';
export {
  DEFAULT_RULES,
  type Alert,
  type AlertCode,
  type Book,
  type BookRules,
  type CloseReason,
  type Fill,
  type Mark,
  type OpenPosition,
  type PendingOrder,
  type RiskLimits,
  type Settlement,
  type Side,
} from './portfolio/types.js';

// performance
export { drawdownPct, maxDrawdownPct } from './performance/drawdown.js';
export { ratios, type Ratios } from './performance/ratios.js';
export { tradeStatistics, type Trade, type TradeStatistics } from './performance/trades.js';

// pipeline
export {
  hear,
  step,
  type Ask,
  type Frame,
  type Part,
  type Seen,
  type Stages,
  type State,
  type Step,
} from './pipeline.js';
export { restoreMarket, saveMarket, snapshotFingerprint, type MarketSnapshot } from './market-snapshot.js';
export { observe, openMarket, type MarketState, type Observation } from './market-state.js';

// backtest
export {
  BASELINES,
  playBaselines,
  type BaselineAct,
  type BaselineName,
  type BaselineOptions,
} from './backtest/baselines.js';
export { replay, type ReplayOptions, type ReplayResult } from './backtest/replay.js';

// the engine for embedders
export {
  createEngine,
  type Engine,
  type EngineBar,
  type EngineEvent,
  type EngineOptions,
  type UseOptions,
} from './engine.js';
