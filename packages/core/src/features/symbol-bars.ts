import type { Bar } from '../market/bar.js';

/** Bars of other symbols that features read, by symbol, in order of time. Streams read it while a host adds to it. */
export interface SymbolBars {
  readonly symbols: readonly string[];
  /** Adds the next bar of a symbol. Throws RangeError for one that is not later than the symbol's last. */
  add(symbol: string, bar: Bar): void;
  of(symbol: string): readonly Bar[];
}

export function createSymbolBars(): SymbolBars {
  const bars = new Map<string, Bar[]>();
  return {
    get symbols() {
      return [...bars.keys()];
    },
    add(symbol, bar) {
      const own = bars.get(symbol) ?? [];
      if (own.length > 0 && bar.time <= own.at(-1)!.time)
        throw new RangeError(`${symbol}: bar ${new Date(bar.time).toISOString()} is not later than the one before it`);
      own.push(bar);
      bars.set(symbol, own);
    },
    of: (symbol) => bars.get(symbol) ?? [],
  };
}
