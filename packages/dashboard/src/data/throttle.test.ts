import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Throttle } from './throttle.js';

describe('Throttle', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('makes one request of a burst at once and one at its end', async () => {
    let runs = 0;
    const throttle = new Throttle(async () => void runs++, 400);
    for (let i = 0; i < 50; i++) throttle.ask();
    await vi.advanceTimersByTimeAsync(0);
    expect(runs).toBe(1);
    await vi.advanceTimersByTimeAsync(1000);
    expect(runs).toBe(2);
  });

  it('never runs twice at a time, and an event during a run is followed by a run', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const throttle = new Throttle(async () => {
      most = Math.max(most, ++running);
      runs++;
      await new Promise((done) => setTimeout(done, 3000));
      running--;
    }, 100);
    throttle.ask();
    await vi.advanceTimersByTimeAsync(500);
    throttle.ask();
    await vi.advanceTimersByTimeAsync(10_000);
    expect([most, runs]).toEqual([1, 2]);
  });

  it('does nothing after stop', async () => {
    let runs = 0;
    const throttle = new Throttle(async () => void runs++, 100);
    throttle.ask();
    throttle.ask();
    throttle.stop();
    throttle.ask();
    await vi.advanceTimersByTimeAsync(1000);
    expect(runs).toBe(1);
  });
});
