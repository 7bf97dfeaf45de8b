import type { Caller } from './caller.js';
import { newToken } from './secrets.js';

const LIFE_MS = 30_000;
const MOST = 10_000;

/** One-use tickets: a browser cannot send a header with a WebSocket, and a key in an address ends in logs and histories. */
export class Tickets {
  readonly #open = new Map<string, { caller: Caller; until: number }>();

  constructor(private readonly now: () => number = Date.now) {}

  issue(caller: Caller): { ticket: string; expires: number } {
    const now = this.now();
    // in order of issue, so the stale ones stand first
    for (const [ticket, { until }] of this.#open) {
      if (until > now && this.#open.size < MOST) break;
      this.#open.delete(ticket);
    }
    const ticket = newToken();
    this.#open.set(ticket, { caller, until: now + LIFE_MS });
    return { ticket, expires: now + LIFE_MS };
  }

  /** Whose it is; undefined when it was used, is stale, or never was. */
  redeem(ticket: string): Caller | undefined {
    const found = this.#open.get(ticket);
    this.#open.delete(ticket);
    return found && found.until > this.now() ? found.caller : undefined;
  }
}
