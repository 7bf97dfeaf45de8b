import { describe, expect, it } from 'vitest';
import { startStream, streamStep, type StreamSignal } from './stream-state.js';

const run = (...signals: StreamSignal[]) => signals.reduce(streamStep, startStream(0));
const connected = (seen: number | null, stands: number | null, at = 1): StreamSignal => ({
  kind: 'connected',
  seen,
  stands,
  at,
});
const event = (seq: number): StreamSignal => ({ kind: 'event', seq, at: 2 });
const lost: StreamSignal = { kind: 'lost', at: 3 };

describe('stream state', () => {
  it('the first connection is live and catches up nothing', () => {
    expect(run(connected(40, 40))).toMatchObject({ phase: 'live', caughtUp: 0, seq: 40 });
  });

  it('a reconnect says how many events lie between ours and the host’s newest', () => {
    expect(run(connected(40, 40), event(41), lost, connected(41, 53))).toMatchObject({
      phase: 'resumed',
      caughtUp: 12,
    });
  });

  it('counts them even if they arrived before the answer to where the host stands', () => {
    expect(run(connected(40, 40), lost, event(41), event(42), connected(40, 42))).toMatchObject({
      caughtUp: 2,
      seq: 42,
    });
  });

  it('the number only rises', () => {
    expect(run(connected(40, 40), event(45), event(44)).seq).toBe(45);
  });

  it('is offline from the moment of the first loss, not the latest try', () => {
    expect(run(connected(1, 1), lost, { kind: 'lost', at: 900 })).toMatchObject({ phase: 'offline', since: 3 });
  });

  it('a gap is said, and is over when the stream has settled', () => {
    const gap = run(connected(1, 1), { kind: 'gap', at: 5 });
    expect(gap).toMatchObject({ phase: 'resumed', gap: true });
    expect(streamStep(gap, { kind: 'settled', at: 6 })).toMatchObject({ phase: 'live', gap: false });
  });

  it('settling does not hide a loss that came meanwhile', () => {
    expect(run(connected(1, 1), lost, { kind: 'settled', at: 9 }).phase).toBe('offline');
  });
});
