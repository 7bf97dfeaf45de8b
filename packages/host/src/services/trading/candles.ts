import type { Bar, Calendar } from '@signalbox/core';

const MINUTE = 60_000;
/** Lengths of the buckets; a day is a session. */
export const BUCKET_MS = {
  '1m': MINUTE,
  '5m': 5 * MINUTE,
  '15m': 15 * MINUTE,
  '30m': 30 * MINUTE,
  '1h': 60 * MINUTE,
  '4h': 240 * MINUTE,
  '1d': Infinity,
} as const;

export interface CandleData extends Bar {
  /** The session's end, or now, cuts the bucket short. */
  readonly partial: boolean;
}

/**
 * Aggregates bars, oldest first, into buckets that are counted from the open of each session. A bar that lies in no slot
 * of the calendar is left out.
 */
export function candlesOf(bars: readonly Bar[], bucketMs: number, calendar: Calendar, now: number): CandleData[] {
  const candles: (Omit<CandleData, 'high' | 'low' | 'close' | 'volume'> & {
    high: number;
    low: number;
    close: number;
    volume: number;
  })[] = [];
  let session = '';
  let open = 0;
  let close = 0;
  for (const bar of bars) {
    const slot = calendar.slot(bar.time);
    if (!slot) continue;
    if (slot.session !== session) {
      session = slot.session;
      open = calendar.sessionOpen(session)!;
      close = calendar.sessionClose(session)!;
    }
    const time = bucketMs === Infinity ? open : open + Math.floor((bar.time - open) / bucketMs) * bucketMs;
    const end = bucketMs === Infinity ? close : time + bucketMs;
    const last = candles.at(-1);
    if (last?.time === time) {
      last.high = Math.max(last.high, bar.high);
      last.low = Math.min(last.low, bar.low);
      last.close = bar.close;
      last.volume += bar.volume;
    } else {
      candles.push({
        time,
        open: bar.open,
        high: bar.high,
        low: bar.low,
        close: bar.close,
        volume: bar.volume,
        partial: end > close || end > now,
      });
    }
  }
  return candles;
}

/** The most bars of one bucket. */
export const barsPerBucket = (bucketMs: number, calendar: Calendar): number =>
  Math.min(calendar.slotsPerSession, Math.ceil(bucketMs / calendar.slotMs));
