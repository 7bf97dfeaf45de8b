import { isSignalboxError, type Clock } from '@signalbox/core';
import { createBarFeed, type BarFeed } from '../ingest/feeds/bar-feed.js';
import { repairGaps } from '../ingest/feeds/gaps.js';
import { runMacroFeeds } from '../ingest/feeds/macro-feeds.js';
import { barSource, macroSource, openVendors } from '../ingest/feeds/sources.js';
import { readMarks } from '../stores/postgres/bars.js';
import { storeFeedState } from '../stores/postgres/feed-state.js';
import type { WorldContext } from './context.js';

/** What asks vendors while this host leads. */
export interface RunningFeeds {
  /** Null when no vendor delivers the bars. */
  readonly bars: BarFeed | null;
  stop(): Promise<void>;
}

/** Credits a minute that are left to macro series and to the repair of gaps. */
const SPARED = 2;
const FREE_PLAN = 8;

/** The feeds of the configuration, until `term` ends: bars for the live run, the gaps behind it, macro values every hour. */
export function startFeeds(context: WorldContext, clock: Clock, term: AbortSignal): RunningFeeds {
  const { config, plan, store, observer, onError } = context;
  const { pool } = store;
  const { symbol, quote } = plan.instrument;
  const { feeds } = config;
  const vendors = openVendors(feeds);
  const stopping = new AbortController();
  const ended = AbortSignal.any([term, stopping.signal]);
  const source = barSource(symbol, quote, feeds);
  const { twelvedata } = vendors;
  const perMinute = feeds.twelvedata?.perMinute ?? FREE_PLAN;
  const note = (error: unknown): void => {
    const failed = isSignalboxError(error) ? { code: error.code, message: error.message } : null;
    if (error !== null && !failed) return;
    void storeFeedState(pool, { series: symbol, feed: source.feed!, at: clock.now(), error: failed }).catch(onError);
  };
  const bars =
    twelvedata && source.feed === 'twelvedata' && source.problem === null
      ? createBarFeed({
          vendor: twelvedata,
          source,
          calendar: plan.calendar,
          now: clock.now,
          paceMs: 60_000 / Math.max(1, perMinute - SPARED),
          marks: (from, to) => readMarks(pool, symbol, from, to),
          onAsked: note,
        })
      : null;

  const running: Promise<unknown>[] = [];
  if (bars)
    running.push(
      repairGaps({ pool, feed: bars, symbol, calendar: plan.calendar, now: clock.now(), signal: ended }).then(
        ({ missing, repaired }) => {
          if (missing > 0)
            observer.say(
              `${symbol}: ${missing} bars of the last sessions were not stored; ${bars.name} delivered ${repaired}.`,
            );
        },
        (error: unknown) => {
          if (!ended.aborted) onError(error);
        },
      ),
    );
  running.push(
    runMacroFeeds({
      pool,
      sources: plan.series().names.map((name) => macroSource(name, feeds)),
      vendors,
      now: clock.now,
      ended,
      onError,
    }),
  );
  return {
    bars,
    async stop() {
      stopping.abort();
      await Promise.allSettled(running);
    },
  };
}
