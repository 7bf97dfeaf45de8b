import type { Bar, Calendar } from '@signalbox/core';

/** What a bar's decision could have earned: for training only, it looks ahead. NaN where it is missing. */
export interface Label {
  /** Open of the next stored bar of the session, at which a signal of this bar would fill. */
  readonly fillPrice: number;
  /** ln(open of slot t + 1 + horizon / open of slot t + 1), t the bar's own slot. */
  readonly logReturn: number;
}

/**
 * The label of each bar. It is missing when the horizon leaves the session, or when either of the two slots is absent: no
 * other bar stands in for it.
 */
export function labelsOf(bars: readonly Bar[], calendar: Calendar, horizon: number): Label[] {
  const slots = bars.map((bar) => calendar.slot(bar.time)!);
  // places of the bars of the bar's own session, by slot index
  let session = '';
  let openAt: (number | undefined)[] = [];
  return bars.map((_, i) => {
    const slot = slots[i]!;
    if (slot.session !== session) {
      session = slot.session;
      openAt = [];
      for (let j = i; j < bars.length && slots[j]!.session === session; j++) openAt[slots[j]!.index] = bars[j]!.open;
    }
    const next = slots[i + 1];
    const entry = openAt[slot.index + 1];
    const exit = openAt[slot.index + 1 + horizon];
    return {
      fillPrice: next?.session === session ? bars[i + 1]!.open : Number.NaN,
      logReturn: entry === undefined || exit === undefined ? Number.NaN : Math.log(exit / entry),
    };
  });
}
