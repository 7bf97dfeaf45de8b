import { CALENDARS, createCalendar } from '@signalbox/core';
import { describe, expect, it } from 'vitest';
import { AFTER_CLOSE_MS, createReplayClock, type ReplayClock } from './replay-clock.js';

const calendar = createCalendar(CALENDARS['usdcop']!);
const at = (text: string): number => Date.parse(`${text}-05:00`);
const bogota = (time: number): string => new Date(time - 5 * 3_600_000).toISOString().slice(0, 19);
const SECOND = 1_000;
const MINUTE = 60_000;

/** A clock on a wall that the test moves. 2026-06-01 is a Monday without holiday. */
function replay(start: string, wallStart: string, speed?: number): { clock: ReplayClock; wall: { now: number } } {
  const wall = { now: at(wallStart) };
  const clock = createReplayClock({
    start: at(start),
    calendar,
    wallNow: () => wall.now,
    ...(speed === undefined ? {} : { speed }),
  });
  return { clock, wall };
}

describe('inside a session', () => {
  it('runs at 60 market seconds a wall second by default: a bar each 5 s', () => {
    const { clock, wall } = replay('2026-06-01T08:00', '2026-06-20T10:00');
    expect(clock.nextBarAt()).toEqual({ completesAt: at('2026-06-01T08:05'), waitMs: 5 * SECOND });
    wall.now += 2 * SECOND;
    expect(bogota(clock.now())).toBe('2026-06-01T08:02:00');
    expect(clock.nextBarAt()!.waitMs).toBe(3 * SECOND);
    wall.now += 3 * SECOND;
    expect(bogota(clock.now())).toBe('2026-06-01T08:05:00');
    expect(clock.nextBarAt()).toEqual({ completesAt: at('2026-06-01T08:10'), waitMs: 5 * SECOND });
    expect([clock.mode, clock.speed, clock.state().phase]).toEqual(['replay', 60, 'running']);
  });

  it('does not depend on how often it is asked', () => {
    const seldom = replay('2026-06-01T08:00', '2026-06-20T10:00');
    const often = replay('2026-06-01T08:00', '2026-06-20T10:00');
    for (let i = 0; i < 400; i++) {
      often.wall.now += SECOND;
      often.clock.now();
    }
    seldom.wall.now += 400 * SECOND;
    expect(often.clock.now()).toBe(seldom.clock.now());
  });

  it('changes speed from the moment that it is told', () => {
    const { clock, wall } = replay('2026-06-01T08:00', '2026-06-20T10:00');
    wall.now += 5 * SECOND;
    clock.setSpeed(600);
    wall.now += SECOND;
    expect(bogota(clock.now())).toBe('2026-06-01T08:15:00');
    expect(() => clock.setSpeed(0)).toThrow(/speed: 0/);
    expect(() => clock.setSpeed(Infinity)).toThrow(/Infinity/);
  });
});

describe('closed hours', () => {
  it('are skipped: a minute after the close comes the next open, over a weekend and a holiday too', () => {
    // 2026-06-05 is a Friday, Monday 2026-06-08 is Corpus Christi
    const { clock, wall } = replay('2026-06-05T12:55', '2026-06-20T10:00');
    wall.now += 5 * SECOND;
    expect(bogota(clock.now())).toBe('2026-06-05T13:00:00');
    expect(calendar.status(clock.now())).toBe('closed');
    expect(clock.nextBarAt()).toEqual({
      completesAt: at('2026-06-09T08:05'),
      waitMs: (AFTER_CLOSE_MS + 5 * MINUTE) / 60,
    });
    wall.now += SECOND;
    expect(bogota(clock.now())).toBe('2026-06-09T08:00:00');
    wall.now += SECOND;
    expect(bogota(clock.now())).toBe('2026-06-09T08:01:00');
  });

  it('at the start are skipped at once', () => {
    expect(bogota(replay('2026-06-06T20:00', '2026-06-20T10:00').clock.now())).toBe('2026-06-09T08:00:00');
  });

  it('a whole session takes 60 bars, each waited for in turn', () => {
    const { clock, wall } = replay('2026-06-01T08:00', '2026-06-20T10:00');
    const completions: string[] = [];
    for (let i = 0; i < 61; i++) {
      const next = clock.nextBarAt()!;
      wall.now += next.waitMs;
      expect(clock.now()).toBeGreaterThanOrEqual(next.completesAt);
      completions.push(bogota(next.completesAt).slice(5, 16));
    }
    expect(completions[0]).toBe('06-01T08:05');
    expect(completions[59]).toBe('06-01T13:00');
    expect(completions[60]).toBe('06-02T08:05');
    expect(wall.now - at('2026-06-20T10:00')).toBe(61 * 5 * SECOND + AFTER_CLOSE_MS / 60);
  });

  it('do not exist in a market that never closes: no slot is skipped or delayed', () => {
    const always = createCalendar({
      id: 'always',
      version: '1',
      zone: 'UTC',
      open: '00:00',
      close: '24:00',
      days: [1, 2, 3, 4, 5, 6, 7],
      holidays: [],
      slotMinutes: 5,
    });
    const wall = { now: Date.parse('2026-06-20T00:00Z') };
    const start = Date.parse('2026-06-01T23:50Z');
    const clock = createReplayClock({ start, calendar: always, wallNow: () => wall.now });
    for (let k = 1; k <= 6; k++) {
      expect(clock.nextBarAt()).toEqual({ completesAt: start + k * 5 * MINUTE, waitMs: 5 * SECOND });
      wall.now += 5 * SECOND;
      expect(clock.now()).toBe(start + k * 5 * MINUTE);
    }
  });
});

describe('the wall', () => {
  it('is never passed: inside a session the clock joins it at speed 1', () => {
    const { clock, wall } = replay('2026-06-02T09:00', '2026-06-02T10:00');
    wall.now += 60 * SECOND;
    expect(clock.state().phase).toBe('running');
    wall.now += 2 * SECOND;
    expect(clock.state()).toEqual({ phase: 'joined', now: wall.now, speed: 1, wantedSpeed: 60 });
    wall.now += 20 * SECOND;
    expect(clock.now()).toBe(wall.now);
    const next = clock.nextBarAt()!;
    expect(next).toEqual({ completesAt: at('2026-06-02T10:05'), waitMs: at('2026-06-02T10:05') - wall.now });
  });

  it('is never passed at any moment of a day at any speed, and time never goes back', () => {
    for (const speed of [0.5, 1, 60, 5000]) {
      const { clock, wall } = replay('2026-06-01T08:00', '2026-06-02T05:00', speed);
      let before = -Infinity;
      for (let i = 0; i < 24 * 60; i++) {
        wall.now += MINUTE * (i % 7 === 0 ? 1.37 : 1);
        const now = clock.now();
        expect(now).toBeLessThanOrEqual(wall.now);
        expect(now).toBeGreaterThanOrEqual(before);
        before = now;
      }
    }
  });

  it('caught up while the market is closed says so and stands still', () => {
    const { clock, wall } = replay('2026-06-01T12:00', '2026-06-01T20:00');
    wall.now += 60 * SECOND;
    expect(bogota(clock.now())).toBe('2026-06-01T13:00:00');
    expect(clock.state().phase).toBe('running');
    wall.now += SECOND;
    expect(clock.state()).toMatchObject({ phase: 'caught_up_closed', now: at('2026-06-01T13:01'), speed: 0 });
    expect(clock.nextBarAt()).toBeNull();
  });

  it('joined, the end of the session is caught up too', () => {
    const { clock, wall } = replay('2026-06-02T12:58', '2026-06-02T12:58');
    wall.now += MINUTE;
    expect(clock.state().phase).toBe('joined');
    expect(clock.nextBarAt()).toEqual({ completesAt: at('2026-06-02T13:00'), waitMs: MINUTE });
    wall.now += 2 * MINUTE;
    expect(clock.state().phase).toBe('caught_up_closed');
  });

  it('set back does not set market time back', () => {
    const { clock, wall } = replay('2026-06-01T08:00', '2026-06-20T10:00');
    wall.now += 10 * SECOND;
    const before = clock.now();
    wall.now -= 3_600 * SECOND;
    expect(clock.now()).toBe(before);
    wall.now += SECOND;
    expect(clock.now()).toBe(before + MINUTE);
  });
});

describe('commands', () => {
  it('pause holds market time, resume goes on from there', () => {
    const { clock, wall } = replay('2026-06-01T08:00', '2026-06-20T10:00');
    wall.now += 5 * SECOND;
    clock.pause();
    wall.now += 100 * SECOND;
    expect(clock.state()).toMatchObject({ phase: 'paused', now: at('2026-06-01T08:05'), speed: 0 });
    expect(clock.nextBarAt()).toBeNull();
    clock.resume();
    expect(clock.now()).toBe(at('2026-06-01T08:05'));
    wall.now += SECOND;
    expect(clock.now()).toBe(at('2026-06-01T08:06'));
  });

  it('step takes one bar and stands still, across a night too, and not past the wall', () => {
    const { clock, wall } = replay('2026-06-01T12:52', '2026-06-02T08:12');
    const reached: string[] = [];
    for (let i = 0; i < 6; i++) {
      clock.step();
      wall.now += SECOND;
      reached.push(bogota(clock.now()).slice(5, 16));
    }
    expect(reached).toEqual(['06-01T12:55', '06-01T13:00', '06-02T08:05', '06-02T08:10', '06-02T08:10', '06-02T08:10']);
    expect(clock.state().phase).toBe('paused');
  });
});
