import { Type } from '@sinclair/typebox';
import { figure, money, returnPct } from '../figures.js';
import { route } from '../route.js';
import { Day, Query } from '../schemas.js';
import { createNotes } from './notes.js';
import { SessionPnl, strategyParameter, symbolParameter } from './schemas.js';
import { accountOf, frame, LIVE, newestBar, strategiesOf } from './window.js';

export const sessionPnl = route({
  path: '/api/analytics/session-pnl',
  summary: 'What one session did to the price and to each account',
  description:
    "Prices are the session's first open and last close; P&L is equity at its close, or so far, less equity at its open (the " +
    'last mark before it, else the initial equity).',
  query: Query({
    symbol: symbolParameter,
    session_date: Type.Optional({ ...Day, description: 'YYYY-MM-DD; the newest session with bars by default' }),
    strategy: strategyParameter,
  }),
  response: SessionPnl,
  errors: [404],
  cache: 'seq',
  passing: ['timestamp'],
  async handler({ query }, deps) {
    const { reads, calendar, clock } = deps;
    const { instrument, head, simulated } = frame(query.symbol, 1, deps);
    const strategies = await strategiesOf(query.strategy, deps);
    const now = clock.now();
    const newest = await newestBar(instrument, deps);
    const date = query.session_date ?? (newest === null ? null : calendar.sessionDate(newest - 1));
    const open = date === null ? undefined : calendar.sessionOpen(date);
    const notes = createNotes();
    const session = open === undefined ? undefined : { open, close: calendar.sessionClose(date!)! };
    const prices = session
      ? (await reads.sessionPrices(instrument.symbol, [session], now, calendar.slotMs))[0]
      : undefined;
    const end = Math.min(session?.close ?? now, now);
    const trades = session
      ? await reads.closedTrades(
          LIVE,
          strategies.map(({ id }) => id),
          session.open - 1,
          end,
        )
      : [];
    const rows = await Promise.all(
      strategies.map(async (strategy) => {
        const account = accountOf(strategy, instrument);
        const [marks, before] = session
          ? await Promise.all([reads.sessionCloses(account, [session]), reads.lastEquity(account, session.open)])
          : [[], undefined];
        const base = before?.equity ?? strategy.initialEquity;
        const mark = prices ? marks[0] : undefined;
        return {
          code: strategy.code,
          base,
          equity: mark?.equity ?? null,
          trades: trades.filter(({ strategyId }) => strategyId === strategy.id).length,
        };
      }),
    );
    const marked = rows.filter(({ equity }) => equity !== null);
    const base = marked.reduce((sum, row) => sum + row.base, 0);
    const total = marked.length === 0 ? null : money(marked.reduce((sum, row) => sum + row.equity! - row.base, 0));
    const why = !session ? `${date ?? 'there'} has no session` : 'no bar of the session is stored';
    const unmarked = prices ? 'no equity is stored in the session' : why;
    return {
      ...head(prices?.bars ?? 0),
      strategy: query.strategy ?? null,
      session_date: date,
      session_open: notes.known('session_open', prices?.firstOpen ?? null, why),
      session_close: notes.known('session_close', prices?.lastClose ?? null, why),
      session_pnl: notes.known('session_pnl', total, unmarked),
      session_pnl_percent: notes.known(
        'session_pnl_percent',
        total === null || base === 0 ? null : figure((total / base) * 100),
        unmarked,
      ),
      has_data: prices !== undefined,
      strategies: rows.map(({ code, base: from, equity, trades: n }) => ({
        strategy_code: code,
        pnl: notes.known(`${code}.pnl`, equity === null ? null : money(equity - from), unmarked),
        pnl_percent: notes.known(`${code}.pnl_percent`, equity === null ? null : returnPct(from, equity), unmarked),
        n_trades: n,
      })),
      notes: notes.of,
      simulated,
    };
  },
});
