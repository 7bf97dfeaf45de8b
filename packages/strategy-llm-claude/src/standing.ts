import { andThen, type Maybe, type Opinion } from '@signalbox/core';
import { dayOf } from './day.js';
import type { Answer } from './answer.js';

/** An answer that stands until the next decision; `bars` since it was given. */
export interface StandingAnswer extends Answer {
  /** Open time of its bar, epoch milliseconds. */
  readonly time: number;
  readonly bars: number;
}

/** Decides at every n-th bar of a day, counted from its first; a failure does not stand, the next bar decides again. */
export class Standing {
  constructor(
    private readonly every: number,
    private last: StandingAnswer | null,
  ) {}

  of(time: number, decide: () => Maybe<Opinion>): Maybe<Opinion> {
    const { last } = this;
    if (last && last.time < time && dayOf(last.time) === dayOf(time) && last.bars + 1 < this.every) {
      const bars = last.bars + 1;
      this.last = { ...last, bars };
      const { direction, confidence, reasoning } = last;
      return {
        signal: direction,
        confidence,
        reasoning: `${reasoning}; stands since ${bars} bar${bars === 1 ? '' : 's'}`,
      };
    }
    return andThen(decide(), (opinion) => this.keep(time, opinion));
  }

  state(): StandingAnswer | null {
    return this.last;
  }

  private keep(time: number, opinion: Opinion): Opinion {
    const { signal, reasoning } = opinion;
    const stands = this.every > 1 && (signal === 'long' || signal === 'short' || signal === 'flat');
    this.last = stands ? { time, bars: 0, direction: signal, confidence: opinion.confidence ?? 0, reasoning } : null;
    return opinion;
  }
}
