import type {
  Alert,
  Candle,
  Clock,
  ClockAction,
  Comparison,
  Curves,
  Explanation,
  Latest,
  Model,
  Positions,
  SeriesFeed,
  Signal,
  StrategyRisk,
  StreamEvent,
} from './types.js';

/** Which part of the equity history is shown. */
export type CurveWindow = '24h' | '7d' | '30d';

/** Where the page's data come from: the routes it reads and the stream it listens to. `data/host.ts` is the real one. */
export interface Source {
  clock(): Promise<Clock>;
  command(action: ClockAction, speed?: number): Promise<Clock>;
  models(): Promise<readonly Model[]>;
  latest(): Promise<Latest>;
  /** Oldest first. */
  signals(code: string, limit: number): Promise<readonly Signal[]>;
  /** Oldest first. */
  candles(limit: number): Promise<readonly Candle[]>;
  positions(): Promise<Positions>;
  /** Those of the series that active strategies need. */
  feeds(): Promise<readonly SeriesFeed[]>;
  risk(): Promise<readonly StrategyRisk[]>;
  /** Lifts a drawdown halt. */
  resetRisk(code: string, reason: string): Promise<void>;
  /** The newest ones, newest first. */
  alerts(): Promise<readonly Alert[]>;
  comparison(): Promise<Comparison>;
  explain(signalId: number): Promise<Explanation>;
  curves(window: CurveWindow): Promise<Curves>;
  listen(listener: StreamListener): () => void;
}

export interface StreamListener {
  /** The connection stands. `seen` is the last event we have, `stands` the newest of the host: what lies between is coming. */
  connected(seen: number | null, stands: number | null): void;
  event(event: StreamEvent): void;
  /** The host no longer keeps everything since our last event. */
  gap(): void;
  lost(): void;
}
