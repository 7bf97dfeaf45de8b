import { SignalboxError } from '@signalbox/core';

/** Lets a few pieces of work run at one time, in order of arrival; what would wait behind too many is refused. */
export class Lane {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(
    private readonly atOnce: number,
    private readonly mostWaiting: number,
  ) {}

  /** @throws BUSY, and what `work` throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.atOnce) {
      if (this.#waiting.length >= this.mostWaiting)
        throw new SignalboxError('BUSY', 'too many callers are looked up at one time', 'Try again in a moment.');
      // whoever ends hands its place on
      await new Promise<void>((go) => this.#waiting.push(go));
    } else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
