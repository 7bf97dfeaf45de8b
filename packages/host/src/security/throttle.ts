import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { SignalboxError, type ErrorCode } from '@signalbox/core';

/** A refusal that says when to come again. */
export class Throttled extends SignalboxError {
  constructor(
    code: Extract<ErrorCode, 'RATE_LIMITED' | 'LOGIN_THROTTLED'>,
    message: string,
    /** Whole seconds. */
    readonly retryAfter: number,
  ) {
    super(code, message, `Come again in ${retryAfter} s.`);
  }
}

export interface Limit {
  readonly points: number;
  readonly seconds: number;
}

/** Counts by key in a window; in this process's memory, so each host of several counts for itself. */
export class Throttle {
  private readonly limiter: RateLimiterMemory;

  constructor(
    { points, seconds }: Limit,
    private readonly code: Extract<ErrorCode, 'RATE_LIMITED' | 'LOGIN_THROTTLED'>,
    private readonly message: string,
  ) {
    this.limiter = new RateLimiterMemory({ points, duration: seconds });
  }

  /** @throws Throttled */
  async spend(key: string): Promise<void> {
    try {
      await this.limiter.consume(key);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw new Throttled(this.code, this.message, Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)));
    }
  }

  /** Takes back what was spent on what does not count. */
  async refund(key: string): Promise<void> {
    await this.limiter.reward(key);
  }

  async forget(key: string): Promise<void> {
    await this.limiter.delete(key);
  }
}
