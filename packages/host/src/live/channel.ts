/** A WebSocket: its path and which of the published events it carries. */
export interface Channel {
  readonly path: string;
  readonly greeting: string;
  /** Types of events; null for all. */
  readonly types: ReadonlySet<string> | null;
  /** Whether it can be narrowed to strategies. */
  readonly byStrategy: boolean;
  /** Whether it says when the market closes. */
  readonly marketHours: boolean;
}

export const SIGNALS: Channel = Object.freeze({
  path: '/ws/trading-signals',
  greeting: 'Connected to Signalbox trading signals',
  types: null,
  byStrategy: true,
  marketHours: false,
});

export const PRICES: Channel = Object.freeze({
  path: '/ws',
  greeting: 'Connected to Signalbox prices',
  types: new Set(['price_update']),
  byStrategy: false,
  marketHours: true,
});
