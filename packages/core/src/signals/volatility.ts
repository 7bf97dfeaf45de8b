import { Atr } from '../indicators/atr.js';
import { SlotGap } from '../indicators/gap.js';
import type { Bar } from '../market/bar.js';
import type { StateReader, StateWriter } from '../market/saved-state.js';
import type { Slot } from '../market/slot.js';
import { DEAREST_COST_BPS, roundTripCostBps } from './costs.js';
import { RollingRank } from './rolling-rank.js';

/** Stored bars that the rank looks back on. */
export const RANK_WINDOW = 1200;
/** With fewer values among them the rank is unknown. */
export const RANK_MINIMUM = 240;

/** Stored bars before the first ATR14 that no longer depends on where the bars began. */
const STABLE_AFTER = 150;

export interface VolatilityReading {
  /** 14-bar Wilder ATR in price units; NaN until stable or after a gap. */
  readonly atr14: number;
  /** Share of the previous 1,200 stored bars' ATR14/close strictly below this bar's; NaN when unknown. */
  readonly rank: number;
  /** Round-trip cost in basis points; the dearest where the rank is unknown. */
  readonly costBps: number;
}

/**
 * Follows how wide the market moves, which sets stops, targets and costs. One that began later than the symbol's first
 * bar agrees with one that did not after 150 + 1,200 bars.
 */
export class Volatility {
  private readonly atr = new Atr(14);
  private readonly gap: SlotGap;
  private readonly ranks = new RollingRank(RANK_WINDOW);
  private readonly reading = { atr14: NaN, rank: NaN, costBps: DEAREST_COST_BPS };
  private bars = 0;

  constructor(slotsPerSession: number) {
    this.gap = new SlotGap(slotsPerSession);
  }

  /** Takes the next stored bar. The result is reused for every bar. */
  push(bar: Bar, slot: Slot): VolatilityReading {
    const { reading, ranks } = this;
    const average = this.atr.push(bar.high, bar.low, bar.close);
    // a hidden bar has still updated the state
    const wide = this.gap.push(slot.ordinal);
    const atr14 = this.bars++ < STABLE_AFTER || wide ? NaN : average;
    const share = atr14 / bar.close;
    reading.atr14 = atr14;
    reading.rank = Number.isNaN(share) || ranks.size < RANK_MINIMUM ? NaN : ranks.below(share) / ranks.size;
    reading.costBps = roundTripCostBps(reading.rank);
    ranks.push(share);
    return reading;
  }

  save(to: StateWriter): void {
    to.number(this.bars);
    to.numbers(this.atr.state);
    this.gap.save(to);
    this.ranks.save(to);
  }

  restore(from: StateReader): void {
    this.bars = from.number();
    from.into(this.atr.state);
    this.gap.restore(from);
    this.ranks.restore(from);
  }
}
