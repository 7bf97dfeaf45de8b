import { createZone, type Calendar } from '@signalbox/core';
import type { Feed } from '../../inference/feed.js';
import type { SourcedBar } from '../../stores/postgres/bars.js';
import { BarIntake } from '../bar-intake.js';
import type { TwelveData } from '../vendors/twelvedata.js';
import { VendorError } from '../vendors/vendor-error.js';
import { checkIdentity, inRange } from './identity.js';
import type { Source } from './sources.js';

/** A bar that is stored, as a mark to measure new ones by. */
export interface StoredMark {
  readonly time: number;
  readonly close: number;
}

export interface BarFeedOptions {
  readonly vendor: TwelveData;
  readonly source: Source;
  readonly calendar: Calendar;
  /** Stored bars that opened from `from` to `to`, and some before, in order. */
  readonly marks: (from: number, to: number) => Promise<readonly StoredMark[]>;
  readonly now: () => number;
  /** Least wall milliseconds between two questions of a live run; from the plan's credits. */
  readonly paceMs: number;
  /** Told after each question: the error, or null. */
  readonly onAsked?: (error: unknown) => void;
}

/** A {@link Feed} that can be asked for a stretch of the past, too. */
export interface BarFeed extends Feed {
  /** Accepted bars that opened from `from` to `to`, both inclusive, in order. @throws VendorError */
  fetch(from: number, to: number, signal: AbortSignal): Promise<SourcedBar[]>;
}

/** Days that a question reaches back at most, and over which a mark is one. */
const REACH_MS = 120 * 86_400_000;
const MARK_MS = 7 * 86_400_000;
/** By when an answer is stored. */
const STORING_MS = 5_000;

/**
 * Bars of one symbol from TwelveData. A live run may poll as often as it likes: the vendor is asked at the pace of the plan,
 * in between the answer is empty. What comes is held against what is stored before any of it is given on.
 */
export function createBarFeed(options: BarFeedOptions): BarFeed {
  const { vendor, source, calendar, marks, now, paceMs, onAsked = () => {} } = options;
  const { series: symbol, id, identity, currency } = source;
  let asked = -Infinity;
  let quietUntil = -Infinity;

  const fetch = async (from: number, to: number, signal: AbortSignal): Promise<SourcedBar[]> => {
    const stored = (await marks(from, to)).filter(({ time }) => time >= from - MARK_MS);
    const start = Math.min(from, stored[0]?.time ?? from);
    const asking = now();
    const { meta, bars } = await vendor.series(id!, '5min', start, to, signal);
    const inSession = bars.filter(({ time }) => calendar.slot(time) !== undefined);
    if (bars.length > 0 && inSession.length === 0 && bars.every(({ time }) => localLabelled(calendar, time)))
      throw new VendorError(
        'FEED_MALFORMED',
        `${vendor.name} answers for ${id} in local time, not in UTC as it was asked`,
      );
    checkIdentity(
      {
        series: symbol,
        id: id!,
        meta,
        ...(currency === undefined ? {} : { currency }),
        values: inSession.map(({ time, close }) => ({ at: time, value: close })),
        stored: stored.map(({ time, close }) => ({ at: time, value: close })),
      },
      identity,
    );
    const intake = new BarIntake({ calendars: new Map([[symbol, calendar]]), now: now(), unfinished: true });
    // built when it was asked for, complete when it is stored: it would be taken for final
    const doubtful = (time: number): boolean => {
      const completion = time + calendar.slotMs;
      return completion > asking && completion <= now() + STORING_MS;
    };
    inSession.forEach((bar, i) => {
      if (bar.time < from || doubtful(bar.time) || !inRange(bar.low, identity) || !inRange(bar.high, identity)) return;
      intake.put(i, symbol, bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume, vendor.name, () => '');
    });
    return intake.finish().bars;
  };

  return {
    name: vendor.name,
    async fetch(from, to, signal) {
      try {
        const bars = await fetch(from, to, signal);
        onAsked(null);
        return bars;
      } catch (error) {
        if (!signal.aborted) onAsked(error);
        throw error;
      }
    },
    async poll(polled, from, signal) {
      if (polled !== symbol) return [];
      const wall = performance.now();
      if (wall - asked < paceMs || wall < quietUntil) return [];
      asked = wall;
      try {
        return await this.fetch(Math.max(from, now() - REACH_MS), now(), signal);
      } catch (error) {
        if (error instanceof VendorError) {
          // what a person must mend, or the vendor has put off, is not asked for every few seconds
          const minute = error.code === 'FEED_REFUSED' || error.code === 'FEED_WRONG_INSTRUMENT' ? 60_000 : 0;
          quietUntil = wall + Math.max(minute, error.code === 'FEED_LIMIT' ? (error.retryAfterMs ?? 60_000) : 0);
        }
        throw error;
      }
    },
  };
}

/** A time at which no bar opens, and one would if its digits were the calendar's local time. */
function localLabelled(calendar: Calendar, time: number): boolean {
  return (
    calendar.slot(time) === undefined && calendar.slot(time - createZone(calendar.zone).offsetAt(time)) !== undefined
  );
}
