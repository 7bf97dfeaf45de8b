import { describe, expect, it } from 'vitest';
import { momentReader } from './moment.js';

const at = Date.UTC(2024, 0, 31, 13, 5);

describe('momentReader', () => {
  const read = momentReader();
  it.each([
    '2024-01-31T13:05:00Z',
    '2024-01-31 13:05:00+00:00',
    '2024-01-31T13:05:00.000Z',
    '2024-01-31T08:05:00-05:00',
    '2024-01-31 08:05-05',
    '2024-01-31 08:05:00-0500',
  ])('reads %s', (text) => {
    expect(read(text)).toBe(at);
    // and after a neighbour, which is where the short way is taken
    expect(read(text)).toBe(at);
  });
  it.each([
    '',
    'x',
    '2024-02-30T13:05:00Z',
    '2024-13-01T13:05:00Z',
    '2024-01-31T24:05:00Z',
    '2024-01-31T13:60:00Z',
    '2024-01-31',
    '1706706300',
    '2024-01-31T1a:05:00Z',
    '2024-01-31T13.05.00Z',
  ])('takes "%s" for no time', (text) => {
    expect(read(text)).toBeUndefined();
  });
  it('takes no time of an unnamed zone', () => {
    expect(read('2024-01-31 13:05:00')).toBe('zoneless');
  });
  it('--tz: the digits are that zone’s, whatever the label says', () => {
    const bogota = momentReader('America/Bogota');
    for (const text of ['2024-01-31 08:05:00', '2024-01-31T08:05:00Z', '2024-01-31 08:05:00+00:00'])
      expect(bogota(text)).toBe(at);
    // summer time: 1 July is four hours behind, 31 January five
    expect(momentReader('America/New_York')('2024-07-01 09:05:00')).toBe(Date.UTC(2024, 6, 1, 13, 5));
    expect(() => momentReader('Bogota')).toThrowError(expect.objectContaining({ code: 'PARAMETER_INVALID' }));
  });
});
