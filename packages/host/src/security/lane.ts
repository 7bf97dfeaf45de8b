import { SignalboxError } from '@signalbox/core';

/** Lets a few pieces of work run at one time, in order of arrival; what would wait behind too many, or too long, is refused. */
export class Lane {
  #running = 0;
  readonly #waiting = new Set<() => void>();

  constructor(
    private readonly atOnce: number,
    private readonly mostWaiting: number,
    /** Milliseconds in which a place must come free: a store that hangs is not waited for one after the other. */
    private readonly patience: number,
  ) {}

  /** @throws BUSY, and what `work` throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.atOnce) this.#running++;
    else if (this.#waiting.size >= this.mostWaiting) throw busy();
    // whoever ends hands its place on
    else await this.place();
    try {
      return await work();
    } finally {
      const [next] = this.#waiting;
      if (next) next();
      else this.#running--;
    }
  }

  private place(): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        clearTimeout(late);
        this.#waiting.delete(go);
        resolve();
      };
      const late = setTimeout(() => {
        this.#waiting.delete(go);
        reject(busy());
      }, this.patience);
      this.#waiting.add(go);
    });
  }
}

const busy = (): SignalboxError =>
  new SignalboxError('BUSY', 'too many callers are looked up at one time', 'Try again in a moment.');
