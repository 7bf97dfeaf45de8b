/** The streams of the reference, and which events go into each. */
export const STREAMS = {
  'trading:signals': 'signal_update',
  'trading:prices': 'price_update',
  'trading:positions': 'position_change',
  'trading:alerts': 'alert',
} as const;

export type StreamName = keyof typeof STREAMS;
export const STREAM_NAMES = Object.keys(STREAMS) as readonly StreamName[];

export interface StreamEntry {
  readonly seq: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Entries after a `seq`; with `gap`, older ones that followed it are no longer kept. */
export interface StreamPage {
  readonly entries: readonly StreamEntry[];
  readonly gap: boolean;
}

/** A stream as its consumers see it, wherever it is kept: Redis, or the event table where there is none. */
export interface EventStreams {
  /** Entries with `seq > since`, ascending, at most `limit`. */
  read(stream: StreamName, since: number, limit: number): Promise<StreamPage>;
  /** A named reader whose place is kept by the store. A new one begins after the newest entry, or with the oldest. */
  group(stream: StreamName, name: string, from?: 'newest' | 'oldest'): Promise<StreamGroup>;
  close(): Promise<void>;
}

/** At least once, in order: what was not acknowledged comes again to the next reader of that name. */
export interface StreamGroup {
  /** Up to `limit` entries; waits up to `waitMs` for the first one. */
  next(limit: number, waitMs: number): Promise<readonly StreamEntry[]>;
  /** Everything up to `seq` is done. */
  acknowledge(seq: number): Promise<void>;
  close(): Promise<void>;
}
