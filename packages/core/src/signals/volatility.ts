import type { Bar } from '../market/bar.js';
import type { Slot } from '../market/slot.js';
import { Atr14 } from './atr14.js';
import { DEAREST_COST_BPS, roundTripCostBps } from './costs.js';
import { RollingRank } from './rolling-rank.js';

/** Stored bars that the rank looks back on. */
export const RANK_WINDOW = 1200;
/** With fewer values among them the rank is unknown. */
export const RANK_MINIMUM = 240;

export interface VolatilityReading {
  /** 14-bar Wilder ATR in price units; NaN until stable or after a gap. */
  readonly atr14: number;
  /** Share of the previous 1,200 stored bars' ATR14/close strictly below this bar's; NaN when unknown. */
  readonly rank: number;
  /** Round-trip cost in basis points; the dearest where the rank is unknown. */
  readonly costBps: number;
}

/** Follows how wide the market moves, which sets stops, targets and costs. */
export class Volatility {
  private readonly atr: Atr14;
  private readonly ranks = new RollingRank(RANK_WINDOW);
  private readonly reading = { atr14: NaN, rank: NaN, costBps: DEAREST_COST_BPS };

  constructor(slotsPerSession: number) {
    this.atr = new Atr14(slotsPerSession);
  }

  /** Takes the next stored bar. The result is reused for every bar. */
  push(bar: Bar, slot: Slot): VolatilityReading {
    const { reading, ranks } = this;
    const atr14 = this.atr.push(bar, slot);
    const share = atr14 / bar.close;
    reading.atr14 = atr14;
    reading.rank = Number.isNaN(share) || ranks.size < RANK_MINIMUM ? NaN : ranks.below(share) / ranks.size;
    reading.costBps = roundTripCostBps(reading.rank);
    ranks.push(share);
    return reading;
  }
}
