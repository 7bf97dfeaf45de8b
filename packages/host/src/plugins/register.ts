import type { Queryable } from '../stores/postgres/pool.js';
import { registerStrategy, type NewStrategy } from '../stores/postgres/strategies.js';
import type { Discovery } from './discover.js';

/** Gives each installed, allow-listed strategy its row in `dw.dim_strategy`; what an operator has set there stays. */
export async function registerDiscovered(
  db: Queryable,
  discovered: readonly Discovery[],
  beginnings: Readonly<Record<string, Pick<NewStrategy, 'parameters' | 'initialEquity'>>>,
): Promise<void> {
  for (const found of discovered) {
    if (!('strategy' in found)) continue;
    const { code, name, type } = found.strategy.definition;
    await registerStrategy(db, { code, name, type, package: found.package, ...beginnings[code] });
  }
}
