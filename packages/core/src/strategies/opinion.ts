/** Why a strategy has nothing to say about a bar. */
export const NO_OPINION_CODES = [
  'warming_up',
  'missing_feature',
  'stale',
  'quorum',
  'unavailable',
  'budget',
  'timeout',
] as const;
export type NoOpinionCode = (typeof NO_OPINION_CODES)[number];

/** What a strategy outside this engine has fixed itself. It is taken as it is, whatever the engine would have computed. */
export interface Given {
  readonly side?: 'buy' | 'sell' | 'hold';
  /** Fraction of equity, 0–1. */
  readonly size?: number;
  /** Prices. */
  readonly stopLoss?: number;
  readonly takeProfit?: number;
}

/** What a strategy says of one bar, before size and prices: a closed union, so that wrong answers do not compile. */
export type Opinion =
  | {
      readonly signal: 'long' | 'short';
      /** 0–1. */
      readonly confidence: number;
      readonly reasoning: string;
      /** −1 … 1; an ensemble weighs it. Without it, ±confidence. */
      readonly score?: number;
      /** The confidence at which size is 0, 0–0.99; without it that of the strategy's type. A regression says 0. */
      readonly confidenceFloor?: number;
      /** Cap on the size, 0–1. */
      readonly size?: number;
      /** Distances in price units from the bar's close; they replace the engine's. */
      readonly stopDistance?: number;
      readonly targetDistance?: number;
      /** Heard only from a seat that is `external`. */
      readonly given?: Given;
    }
  | { readonly signal: 'flat' | 'close'; readonly confidence?: number; readonly reasoning: string }
  | { readonly signal: 'none'; readonly code: NoOpinionCode; readonly reasoning: string };

/** A member's opinion as its ensemble sees it. `closes` is the side of the member's own position that its `close` leaves. */
export type MemberOpinion = Opinion & { readonly closes?: 'long' | 'short' };
