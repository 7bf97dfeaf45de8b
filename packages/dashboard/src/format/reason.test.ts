import { NOT_TRADED_REASONS, NO_OPINION_CODES } from '@signalbox/core';
import { describe, expect, it } from 'vitest';
import { noSignal, notTraded, stateWord } from './reason.js';

describe('words for codes', () => {
  it('an unknown code is shown as it is, readable', () => {
    expect([notTraded('new_reason'), noSignal('odd_code'), stateWord('HALF_READY')]).toEqual([
      'new reason',
      'odd code',
      'half ready',
    ]);
  });

  it('every reason of the engine has words of its own', () => {
    for (const code of NOT_TRADED_REASONS) expect(notTraded(code), code).not.toBe(code.replaceAll('_', ' '));
    for (const code of NO_OPINION_CODES) expect(noSignal(code).length, code).toBeGreaterThan(4);
  });
});
