import type { Bar } from '../market/bar.js';
import { observe } from '../market-state.js';
import { andThen, isPromise, whenAll, type Maybe } from '../maybe.js';
import { step, type Ask, type Part, type Stages, type State, type Step } from '../pipeline.js';

export interface ReplayOptions {
  readonly stages: Stages;
  /** Fresh, or as a save left it; `replay` takes it over. */
  readonly state: State;
  /** Accepted bars of one symbol in order of time, from its first stored bar: features and volatility remember. */
  readonly bars: readonly Bar[];
  /** Time of the first bar on which strategies are asked; the bars before it only warm the market's state. */
  readonly from?: number;
  readonly ask: Ask;
  /**
   * Called for each bar from `from` on, when all of its parts are there. Books, features and positions go on changing with
   * the next bar: copy what is kept. The next bar waits for a promise that it returns.
   */
  readonly onStep?: (step: Step, parts: readonly Part[]) => Maybe<void>;
  /**
   * Called every 1,000 bars and at the end. A promise gives others a turn; throwing ends the replay, which is how it is
   * cancelled.
   */
  readonly onProgress?: (done: number, total: number) => Maybe<void>;
}

export interface ReplayResult {
  /** Bars that warmed the state. */
  readonly warmed: number;
  /** Bars that went through the whole step. */
  readonly stepped: number;
}

const PROGRESS_EVERY = 1_000;

/**
 * Takes stored bars one after the other through the pipeline's step: the one loop of backtests, replays and training. It
 * runs without a promise as long as nothing it calls gives one, and returns a promise only then.
 *
 * @example
 * const { stepped } = await replay({ stages, state, bars, ask, onStep: (_, parts) => rows.push(...parts.map(copy)) });
 */
export function replay(options: ReplayOptions): Maybe<ReplayResult> {
  const { stages, state, bars, from = -Infinity, ask, onStep, onProgress } = options;
  let warmed = 0;

  /** One bar; undefined when nothing has to be waited for. */
  const take = (i: number): Maybe<void> => {
    const bar = bars[i]!;
    let pending: Maybe<void> = undefined;
    if (bar.time < from) {
      const slot = stages.calendar.slot(bar.time);
      if (!slot)
        throw new RangeError(`no slot of calendar ${stages.calendar.id} at ${new Date(bar.time).toISOString()}`);
      observe(state.market, bar, slot);
      warmed++;
    } else {
      const stepped = step(stages, state, bar, ask);
      pending = andThen(whenAll(stepped.parts), (parts) => onStep?.(stepped, parts));
    }
    const done = i + 1;
    if (!onProgress || (done % PROGRESS_EVERY !== 0 && done !== bars.length)) return pending;
    return andThen(pending, () => onProgress(done, bars.length));
  };
  const result = (): ReplayResult => ({ warmed, stepped: bars.length - warmed });

  const wait = async (first: Promise<void>, next: number): Promise<ReplayResult> => {
    await first;
    for (let i = next; i < bars.length; i++) {
      const pending = take(i);
      if (isPromise(pending)) await pending;
    }
    return result();
  };
  for (let i = 0; i < bars.length; i++) {
    const pending = take(i);
    // from the first promise on the rest runs as an async function
    if (isPromise(pending)) return wait(pending, i + 1);
  }
  return result();
}
