import { SignalboxError, type Instrument } from '@signalbox/core';
import type { ServiceDependencies } from './dependencies.js';
import type { Account } from '../stores/postgres/reads/equity.js';
import type { Run } from '../stores/postgres/reads/run.js';
import type { StrategyRow } from '../stores/postgres/reads/strategies.js';

export const iso = (time: number): string => new Date(time).toISOString();
export const isoOrNull = (time: number | null): string | null => (time === null ? null : iso(time));

/** The run that a request asks for, and the market time at which its windows end. */
export interface Scope {
  readonly run: Run;
  readonly end: number;
  readonly simulated: boolean;
}

/** @throws RUN_UNKNOWN */
export async function scopeOf(runId: string, { reads, clock, world }: ServiceDependencies): Promise<Scope> {
  const run = await reads.run(runId);
  if (!run) {
    throw new SignalboxError('RUN_UNKNOWN', `run: there is no run named ${runId}`, 'Leave it out for the live run.');
  }
  return { run, end: run.end ?? clock.now(), simulated: world === 'simulated' };
}

/** Where a strategy's signals come from. */
export const originOf = (strategy: Pick<StrategyRow, 'package'>): 'plugin' | 'external' =>
  strategy.package === null ? 'external' : 'plugin';

/** A strategy's account in the default symbol. */
export function accountOf({ run }: Scope, strategy: StrategyRow, { instruments }: ServiceDependencies): Account {
  return { runId: run.id, strategyId: strategy.id, symbol: instruments[0].symbol };
}

/** Accepts `USD/COP`, `USDCOP`, `USD-COP` and `USD_COP`. @throws SYMBOL_UNKNOWN */
export function instrumentOf(symbol: string | undefined, { instruments }: ServiceDependencies): Instrument {
  if (symbol === undefined) return instruments[0];
  const plain = (name: string): string => name.replace(/[/_-]/g, '').toUpperCase();
  const found = instruments.find((instrument) => plain(instrument.symbol) === plain(symbol));
  if (found) return found;
  throw new SignalboxError(
    'SYMBOL_UNKNOWN',
    `symbol: ${symbol} is not traded here`,
    `Known symbols: ${instruments.map((i) => i.symbol).join(', ')}.`,
  );
}

/** The strategies of a run that a request names, in order of code; all of them when it names none. @throws STRATEGY_UNKNOWN */
export function chosen(rows: readonly StrategyRow[], codes: string | undefined): readonly StrategyRow[] {
  if (codes === undefined) return rows;
  const wanted = new Set(codes.split(','));
  for (const code of wanted) {
    if (!rows.some((row) => row.code === code)) {
      throw new SignalboxError('STRATEGY_UNKNOWN', `there is no strategy ${code} here`, 'GET /api/models lists them.');
    }
  }
  return rows.filter((row) => wanted.has(row.code));
}
