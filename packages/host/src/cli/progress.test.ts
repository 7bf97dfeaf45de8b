import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { progressOf } from './progress.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('progress', () => {
  it('without a terminal is a line every five seconds, with rate and what is left', () => {
    const lines: string[] = [];
    const progress = progressOf('lines', { write: (text) => lines.push(text) }, 'backtest', 'bars');
    for (let second = 1; second <= 12; second++) {
      vi.advanceTimersByTime(1000);
      progress.update(second * 100, 2000);
    }
    progress.stop();
    expect(lines).toEqual(['backtest 25 % · 100 bars/s · 15 s left\n', 'backtest 50 % · 100 bars/s · 10 s left\n']);
  });

  it('with --json says nothing', () => {
    const write = vi.fn();
    const progress = progressOf('silent', { write }, 'backtest', 'bars');
    vi.advanceTimersByTime(60_000);
    progress.update(1, 2);
    progress.stop();
    expect(write).not.toHaveBeenCalled();
  });
});
