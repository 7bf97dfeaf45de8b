import type { Queryable } from './pool.js';

/** How the feed of a series is doing. Times: epoch milliseconds. */
export interface FeedState {
  /** A symbol, or the name of a macro series. */
  readonly series: string;
  readonly feed: string;
  readonly askedAt: number;
  readonly answeredAt: number | null;
  /** Null when the last question was answered. */
  readonly errorCode: string | null;
  readonly errorDetail: string | null;
}

export async function storeFeedState(
  db: Queryable,
  state: {
    readonly series: string;
    readonly feed: string;
    readonly at: number;
    readonly error: { readonly code: string; readonly message: string } | null;
  },
): Promise<void> {
  const { series, feed, at, error } = state;
  await db.query(
    `INSERT INTO dw.feed_state AS s (series, feed, asked_at, answered_at, error_code, error_detail)
     VALUES ($1, $2, $3, CASE WHEN $4::text IS NULL THEN $3::timestamptz END, $4, $5)
     ON CONFLICT (series) DO UPDATE SET feed = excluded.feed, asked_at = excluded.asked_at,
       answered_at = coalesce(excluded.answered_at, CASE WHEN s.feed = excluded.feed THEN s.answered_at END),
       error_code = excluded.error_code, error_detail = excluded.error_detail, recorded_at = now()`,
    [series, feed, new Date(at).toISOString(), error?.code ?? null, error?.message.slice(0, 500) ?? null],
  );
}

export async function readFeedStates(db: Queryable): Promise<FeedState[]> {
  const { rows } = await db.query<FeedState>(
    `SELECT series, feed, asked_at AS "askedAt", answered_at AS "answeredAt", error_code AS "errorCode",
       error_detail AS "errorDetail" FROM dw.feed_state ORDER BY series`,
  );
  return rows;
}
