/**
 * Runs `task` at most once per `interval`, at once when it rests, and once more at the end when it was asked meanwhile. Never two
 * runs at a time: a burst of events becomes one request, and the last event is always followed by a request.
 */
export class Throttle {
  readonly #task: () => Promise<void>;
  readonly #interval: number;
  #last = -Infinity;
  #running = false;
  #asked = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(task: () => Promise<void>, interval: number) {
    this.#task = task;
    this.#interval = interval;
  }

  ask(): void {
    if (this.#stopped) return;
    this.#asked = true;
    if (this.#running || this.#timer !== undefined) return;
    const wait = this.#last + this.#interval - Date.now();
    if (wait <= 0) void this.#run();
    else this.#timer = setTimeout(() => void this.#run(), wait);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#running = true;
    this.#asked = false;
    this.#last = Date.now();
    try {
      await this.#task();
    } finally {
      this.#running = false;
      if (this.#asked) this.ask();
    }
  }
}
