import { useSyncExternalStore } from 'react';
import { PENDING, type Resource } from './resource.js';
import type { CurveWindow } from './source.js';
import { startStream, type StreamState } from './stream-state.js';
import type {
  Alert,
  Candle,
  Clock,
  Comparison,
  Curves,
  Latest,
  Model,
  Positions,
  SeriesFeed,
  Signal,
  StrategyRisk,
} from './types.js';

/** All that the page knows, in one immutable value. */
export interface State {
  readonly clock: Resource<Clock>;
  readonly models: Resource<readonly Model[]>;
  readonly latest: Resource<Latest>;
  readonly candles: Resource<readonly Candle[]>;
  /** By strategy code, oldest first. */
  readonly signals: Resource<Readonly<Record<string, readonly Signal[]>>>;
  readonly positions: Resource<Positions>;
  readonly risk: Resource<readonly StrategyRisk[]>;
  /** Newest first. */
  readonly alerts: Resource<readonly Alert[]>;
  readonly feeds: Resource<readonly SeriesFeed[]>;
  readonly comparison: Resource<Comparison>;
  readonly curves: Resource<Curves>;
  readonly curveWindow: CurveWindow;
  readonly stream: StreamState;
  /** What the live region says. */
  readonly announcement: string;
}

export const emptyState = (at: number): State => ({
  clock: PENDING,
  models: PENDING,
  latest: PENDING,
  candles: PENDING,
  signals: PENDING,
  positions: PENDING,
  risk: PENDING,
  alerts: PENDING,
  feeds: PENDING,
  comparison: PENDING,
  curves: PENDING,
  curveWindow: '30d',
  stream: startStream(at),
  announcement: '',
});

/** A value with subscribers; components re-render when the part they select changes. */
export class Store {
  #state: State;
  readonly #listeners = new Set<() => void>();

  constructor(state: State) {
    this.#state = state;
  }

  readonly get = (): State => this.#state;

  update(change: (state: State) => Partial<State>): void {
    this.#state = { ...this.#state, ...change(this.#state) };
    for (const listener of this.#listeners) listener();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

export function useStore<T>(store: Store, select: (state: State) => T): T {
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}
