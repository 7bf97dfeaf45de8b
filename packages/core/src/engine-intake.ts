import { createSymbolBars, type SymbolBars } from './features/symbol-bars.js';
import { barInvalid, checkBar } from './market/bar-check.js';
import type { Bar } from './market/bar.js';

/** A bar whose turn has come. */
export interface Due {
  readonly symbol: string;
  readonly bar: Bar;
}

/** Bars on their way to the desks. */
export interface Intake {
  /** Bars of the symbols that features read. */
  readonly others: SymbolBars;
  /**
   * The next bar; returns those whose turn has come, in order. One that is not `traded` is only read.
   * @throws SignalboxError BAR_INVALID
   */
  put(symbol: string, bar: Bar, traded: boolean): readonly Due[];
  /** Those that still wait, when no more come. */
  rest(): readonly Due[];
}

/**
 * Holds a bar back until the bars of its time that features read are there, or a bar of another time shows that they do not come:
 * however a source orders the symbols of one time, each sees the same. Without such features nothing waits.
 *
 * @param read symbols whose bars features read
 */
export function createIntake(read: readonly string[]): Intake {
  const others = createSymbolBars();
  const newest = new Map<string, number>();
  let held: Due[] = [];
  /** Open time of the latest bar that was released: what comes for it now is too late. */
  let released = -Infinity;
  const release = (): Due[] => {
    const due = held;
    held = [];
    for (const { bar } of due) if (bar.time > released) released = bar.time;
    return due;
  };
  return {
    others,
    put(symbol, bar, traded) {
      checkBar(bar, symbol);
      const { time } = bar;
      if (time <= (newest.get(symbol) ?? -Infinity))
        throw barInvalid(bar, symbol, 'it is not later than the one before it');
      newest.set(symbol, time);
      const due = held.length > 0 && held[0]!.bar.time !== time ? release() : [];
      if (read.includes(symbol)) {
        if (time <= released)
          throw barInvalid(
            bar,
            symbol,
            'features of other bars read it, and those of its time or a later one came before it',
          );
        others.add(symbol, bar);
      }
      if (traded) held.push({ symbol, bar });
      return read.every((one) => time <= (newest.get(one) ?? -Infinity)) ? [...due, ...release()] : due;
    },
    rest: release,
  };
}
