import { SignalboxError } from '@signalbox/core';
import type { Pool, PoolClient } from 'pg';
import { withTransaction, type Queryable, type TransactionOptions } from './pool.js';

/** The term of a leader: its writes count only as long as nobody has taken over. */
export interface Fence {
  readonly symbol: string;
  /** Grows with each leader of the symbol. */
  readonly epoch: number;
}

/**
 * Holds the fence to the end of the transaction: who takes over waits for it, and afterwards it is refused.
 * @throws SignalboxError LEADERSHIP_LOST
 */
export async function checkFence(client: Queryable, { symbol, epoch }: Fence): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM dw.leaders WHERE symbol = $1 AND epoch = $2 FOR SHARE', [
    symbol,
    epoch,
  ]);
  if (rowCount === 1) return;
  throw new SignalboxError(
    'LEADERSHIP_LOST',
    `another host decides on ${symbol} since this one (epoch ${epoch}) stood still; nothing was written`,
    'Nothing is to be done: this host stands by and takes over in its turn.',
  );
}

/** One transaction that writes nothing once another leader has taken over; without a fence an ordinary one. */
export function withFence<T>(
  pool: Pool,
  fence: Fence | null,
  work: (client: PoolClient) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  return withTransaction(
    pool,
    async (client) => {
      if (fence) await checkFence(client, fence);
      return work(client);
    },
    options,
  );
}
