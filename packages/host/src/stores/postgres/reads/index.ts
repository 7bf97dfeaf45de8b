import * as bar from './bars.js';
import * as cycle from './cycles.js';
import * as equity from './equity.js';
import * as execution from './execution.js';
import * as market from './market.js';
import { modelCheck } from './models.js';
import * as alert from './alerts.js';
import * as position from './positions.js';
import { run } from './run.js';
import * as risk from './risk.js';
import * as signal from './signals.js';
import * as strategy from './strategies.js';
import type { Database } from './database.js';

type Tail<F> = F extends (db: Database, ...rest: infer A) => infer R ? (...rest: A) => R : never;
const bound = <F extends (db: Database, ...rest: never[]) => unknown>(db: Database, read: F): Tail<F> =>
  ((...rest: never[]) => read(db, ...rest)) as Tail<F>;

/** Everything that the services read. */
export type Reads = ReturnType<typeof createReads>;

/** Binds the reads to a database. They reject with the error of the driver; the services make a 503 of it. */
export function createReads(db: Database) {
  return {
    ping: async (): Promise<void> => void (await db.query('SELECT 1')),
    run: bound(db, run),
    strategies: bound(db, strategy.strategies),
    strategiesOf: bound(db, strategy.strategiesOf),
    latestSignals: bound(db, signal.latestSignals),
    signals: bound(db, signal.signals),
    signalById: bound(db, signal.signalById),
    riskBooks: bound(db, risk.riskBooks),
    alerts: bound(db, alert.alerts),
    lastNoSignals: bound(db, signal.lastNoSignals),
    openPositions: bound(db, position.openPositions),
    openCounts: bound(db, position.openCounts),
    trades: bound(db, position.trades),
    closedTrades: bound(db, position.closedTrades),
    tradesClosedFrom: bound(db, position.tradesClosedFrom),
    equityColumns: bound(db, equity.equityColumns),
    equityValues: bound(db, equity.equityValues),
    lastEquity: bound(db, equity.lastEquity),
    firstEquityBar: bound(db, equity.firstEquityBar),
    sessionCloses: bound(db, equity.sessionCloses),
    lastBar: bound(db, bar.lastBar),
    bars: bound(db, bar.bars),
    barCounts: bound(db, bar.barCounts),
    cycleSignals: bound(db, cycle.cycleSignals),
    cycleLatency: bound(db, cycle.cycleLatency),
    cycleCounts: bound(db, cycle.cycleCounts),
    badTicks: bound(db, cycle.badTicks),
    decisionLatency: bound(db, cycle.decisionLatency),
    sessionPrices: bound(db, market.sessionPrices),
    highestClose: bound(db, market.highestClose),
    volumePrice: bound(db, market.volumePrice),
    macroPoints: bound(db, market.macroPoints),
    decisionCounts: bound(db, execution.decisionCounts),
    signalSessions: bound(db, execution.signalSessions),
    heldTrades: bound(db, execution.heldTrades),
    orders: bound(db, execution.orders),
    filled: bound(db, execution.filled),
    modelCheck: bound(db, modelCheck),
  };
}
