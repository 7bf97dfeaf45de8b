import { describe, expect, it } from 'vitest';
import {
  countdown,
  duration,
  epoch,
  marketDate,
  marketDay,
  marketLongDay,
  marketMoment,
  marketSeconds,
  marketTime,
} from './time.js';

const late = Date.UTC(2025, 5, 13, 2, 30, 5); // still the 12th in Bogota

describe('time in the market zone', () => {
  it('is Bogota time, whatever the zone of the machine', () => {
    expect(marketTime(late)).toBe('21:30');
    expect(marketSeconds(late)).toBe('21:30:05');
    expect(marketDay(late)).toBe('Thu 12 Jun');
    expect(marketLongDay(late)).toBe('Thu 12 Jun 2025');
    expect(marketMoment('2025-06-13T13:00:00.000Z')).toBe('Fri 13 Jun 08:00');
  });

  it('midnight is 00, not 24', () => {
    expect(marketTime(Date.UTC(2025, 5, 13, 5))).toBe('00:00');
  });

  it('a day is a day of the market: two instants around midnight UTC share one', () => {
    expect(marketDate(Date.UTC(2025, 5, 12, 23))).toBe('2025-06-12');
    expect(marketDate(late)).toBe('2025-06-12');
    expect(marketDate(Date.UTC(2025, 5, 13, 5))).toBe('2025-06-13');
  });

  it('nonsense is a dash', () => {
    expect(marketTime('soon')).toBe('–');
    expect(epoch(undefined)).toBeNull();
  });
});

describe('spans', () => {
  it('countdowns never go below zero and round up, so that 0:00 means over', () => {
    expect([countdown(134_000), countdown(133_001), countdown(-5), countdown(3_734_000)]).toEqual([
      '2:14',
      '2:14',
      '0:00',
      '1:02:14',
    ]);
  });

  it('ages are said in the largest fitting unit', () => {
    expect([duration(999), duration(59_999), duration(61_000), duration(3_900_000), duration(3 * 86_400_000)]).toEqual([
      '0 s',
      '59 s',
      '1 min',
      '1 h 05',
      '3 d',
    ]);
  });
});
