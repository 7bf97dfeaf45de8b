/** The position of one strategy in one symbol as that strategy sees it at a bar's close, after the fills of that bar. */
export type Position =
  | { readonly side: 'flat' }
  | {
      readonly side: 'long' | 'short';
      /** Fraction of equity (0–1) at which the position was sized. */
      readonly size: number;
      readonly entryPrice: number;
      /** Stored bars held; 1 at the close of the entry bar. */
      readonly barsHeld: number;
      /** Unrealised P&L as percent of equity. */
      readonly unrealizedPct: number;
    };

export const FLAT: Position = /* @__PURE__ */ Object.freeze({ side: 'flat' });
