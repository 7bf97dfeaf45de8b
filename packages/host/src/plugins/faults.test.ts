import { describe, expect, it } from 'vitest';
import { createFaultLedger, FAULT_WINDOW_MS, type Fault } from './faults.js';

const fault: Fault = { kind: 'throw', detail: 'boom' };

describe('the ledger of faults', () => {
  it('suspends with the third fault within an hour, of one strategy', () => {
    let now = 0;
    const ledger = createFaultLedger({ now: () => now });
    expect(ledger.record('A', fault)).toBeNull();
    expect(ledger.record('B', fault)).toBeNull();
    now += FAULT_WINDOW_MS / 2;
    expect(ledger.record('A', fault)).toBeNull();
    expect(ledger.suspended('A')).toBeNull();
    expect(ledger.record('A', fault)).toMatch(/3 faults within an hour, the last: boom/);
    expect(ledger.suspended('A')).toMatch(/boom/);
    expect(ledger.suspended('B')).toBeNull();
  });

  it('forgets a fault after an hour', () => {
    let now = 0;
    const ledger = createFaultLedger({ now: () => now });
    for (let i = 0; i < 20; i++) {
      expect(ledger.record('A', fault)).toBeNull();
      now += FAULT_WINDOW_MS / 2;
    }
  });

  it('goes on from what was kept', () => {
    const ledger = createFaultLedger({
      now: () => 1_000,
      suspended: new Map([['A', 'before']]),
      recent: new Map([['B', [10, 20]]]),
    });
    expect(ledger.suspended('A')).toBe('before');
    expect(ledger.record('B', fault)).not.toBeNull();
  });
});
