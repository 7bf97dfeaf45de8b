import type { FeatureDefinition } from '@signalbox/core';
import type { FeedsConfig } from '../../config/feeds.js';
import type { Plan } from '../../inference/plan.js';
import { dueSlots } from '../../inference/schedule.js';
import { newestBar } from '../../stores/postgres/bars.js';
import { readFeedStates } from '../../stores/postgres/feed-state.js';
import type { Queryable } from '../../stores/postgres/pool.js';
import { MACRO_NAMES } from '../macro-columns.js';
import { barSource, macroSource, type Source } from './sources.js';

/** `none`: nobody delivers it; `stale`: older than its features allow; `failing`: the vendor was asked in vain last. */
export const FEED_STATES = ['ok', 'none', 'stale', 'failing'] as const;

/** How one series stands that an active strategy needs. */
export interface FeedFinding {
  /** A symbol, or the name of a macro series. */
  readonly series: string;
  readonly kind: 'bars' | 'macro';
  /** `simulator` in a demo world; null: none. */
  readonly feed: string | null;
  readonly state: (typeof FEED_STATES)[number];
  /** Open time (ISO) of the newest bar, or date of the newest value. */
  readonly newest: string | null;
  readonly features: string[];
  readonly strategies: string[];
  /** What is wrong, naming features and strategies; null when nothing is. */
  readonly message: string | null;
  readonly remedy: string | null;
}

/** What one active strategy reads. */
export interface Need {
  readonly strategy: string;
  readonly features: readonly string[];
}

/** The features of each active strategy that has a package here. */
export function needsOf(
  records: readonly { readonly code: string; readonly package: string | null; readonly active: boolean }[],
  discovered: readonly ({ readonly package: string } & (
    | { readonly strategy: { readonly definition: { readonly features?: readonly string[] } } }
    | { readonly problem: unknown }
  ))[],
): Need[] {
  const known = new Map(
    discovered.map((found) => [found.package, 'strategy' in found ? (found.strategy.definition.features ?? []) : []]),
  );
  return records
    .filter(({ active, package: name }) => active && name !== null && known.has(name))
    .map(({ code, package: name }) => ({ strategy: code, features: known.get(name!)! }));
}

/** Slots that may pass before bars are stale. */
const PATIENCE_SLOTS = 3;
const DAY = 86_400_000;

/** How every series stands that an active strategy needs; those that are not ok first. */
export async function checkFeeds(options: {
  readonly db: Queryable;
  readonly plan: Plan;
  readonly feeds: FeedsConfig;
  readonly needs: readonly Need[];
  /** Market time. */
  readonly now: number;
  readonly simulated?: boolean;
}): Promise<FeedFinding[]> {
  const { db, plan, feeds, needs, now, simulated = false } = options;
  const { instrument, calendar, config } = plan;
  const definitions = new Map(config.features.map((one) => [one.name, one]));
  const users = new Map<string, { features: Set<string>; strategies: Set<string> }>();
  for (const { strategy, features } of needs)
    for (const feature of features) {
      const definition = definitions.get(feature);
      for (const series of definition ? seriesOf(definition, instrument.symbol) : []) {
        const entry = users.get(series) ?? { features: new Set(), strategies: new Set() };
        users.set(series, entry);
        entry.features.add(feature);
        entry.strategies.add(strategy);
      }
    }
  const states = new Map((await readFeedStates(db)).map((state) => [state.series, state]));
  const newest = await newestValues(
    db,
    [...users.keys()].filter((name) => MACRO_NAMES.includes(name)),
  );

  const findings: FeedFinding[] = [];
  for (const [series, used] of users) {
    const kind = series.includes('/') ? ('bars' as const) : ('macro' as const);
    const features = [...used.features].sort();
    const strategies = [...used.strategies].sort();
    const source: Source = kind === 'bars' ? barSource(series, instrument.quote, feeds) : macroSource(series, feeds);
    let last: string | null;
    let stale: string | null = null;
    if (kind === 'bars') {
      const bar = await newestBar(db, series);
      last = bar ? new Date(bar.time).toISOString() : null;
      const behind = dueSlots(calendar, bar ? bar.time : now - 10 * DAY, now).length;
      if (!bar) stale = 'no bar is stored';
      else if (behind > PATIENCE_SLOTS) stale = `the newest bar is of ${last}, ${behind} bars ago`;
    } else {
      last = newest.get(series) ?? null;
      const limit = config.series[series]?.max_age_days ?? 7;
      const age = last === null ? Infinity : (Date.parse(calendar.sessionDate(now)) - Date.parse(last)) / DAY;
      if (last === null) stale = 'no value is stored';
      else if (age > limit) stale = `the newest value is of ${last}, ${age} days ago, and counts for ${limit}`;
    }
    const state = states.get(series);
    const failing = !simulated && source.id !== null && state?.feed === source.feed && state.errorCode !== null;
    const feed = simulated ? 'simulator' : source.feed;
    const what = simulated
      ? null
      : source.problem !== null
        ? (['none', `${source.problem}${stale === null ? '' : `; ${stale}`}`, source.remedy!] as const)
        : stale !== null
          ? ([
              'stale',
              failing ? `${stale}; ${state.errorDetail}` : stale,
              feed === 'files' || feed === 'api'
                ? 'Deliver what is newer.'
                : 'See what the feed says in the log; deliver a CSV file meanwhile.',
            ] as const)
          : failing
            ? ([
                'failing',
                `${state.errorCode} ${state.errorDetail}`,
                'See docs/errors.md; a CSV file helps out.',
              ] as const)
            : null;
    findings.push({
      series,
      kind,
      feed,
      state: what?.[0] ?? 'ok',
      newest: last,
      features,
      strategies,
      message: what && `${series}: ${what[1]}. Needed by ${features.join(', ')} of ${strategies.join(', ')}.`,
      remedy: what?.[2] ?? null,
    });
  }
  const order = (finding: FeedFinding): number =>
    (finding.state === 'ok' ? 1 : 0) + (finding.kind === 'bars' ? 0 : 0.5);
  return findings.sort((a, b) => order(a) - order(b) || (a.series < b.series ? -1 : 1));
}

/** One line for each that is not ok. */
export function feedWarnings(findings: readonly FeedFinding[]): string[] {
  return findings.flatMap(({ message, remedy }) => (message === null ? [] : [`${message} ${remedy}`]));
}

/** The series that a feature reads: symbols of bars, names of macro series. */
function seriesOf({ source }: FeatureDefinition, symbol: string): string[] {
  if ('series' in source) return typeof source.series === 'string' ? [source.series] : [...source.series];
  if ('bar' in source) return [source.symbol ?? symbol];
  return [];
}

async function newestValues(db: Queryable, series: readonly string[]): Promise<Map<string, string>> {
  if (series.length === 0) return new Map();
  const { rows } = await db.query<Record<string, string | null>>(
    // names are those of MACRO_NAMES
    `SELECT ${series.map((name) => `max(date) FILTER (WHERE ${name} IS NOT NULL) AS ${name}`).join(', ')} FROM macro_indicators_daily`,
  );
  return new Map(Object.entries(rows[0]!).flatMap(([name, date]) => (date === null ? [] : [[name, date]])));
}
