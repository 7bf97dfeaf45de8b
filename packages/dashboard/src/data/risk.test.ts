import { describe, expect, it } from 'vitest';
import { gauges, since, unseen } from './risk.js';
import type { Alert, StrategyRisk } from './types.js';

const risk = (change: Partial<StrategyRisk>): StrategyRisk => ({
  strategy_code: 'A',
  state: 'RUNNING',
  halted: false,
  reasons: [],
  drawdown_pct: 3,
  session_loss_pct: 0,
  entries_this_session: 5,
  losses_in_a_row: 0,
  pause_until: null,
  limits: {
    max_drawdown_pct: 15,
    max_session_loss_pct: 5,
    max_entries_per_session: 20,
    losses_before_pause: 3,
    pause_minutes: 30,
  },
  equity: 1,
  peak: 1,
  origin: 'plugin',
  ...change,
});
const shown = (change: Partial<StrategyRisk>) => gauges(risk(change), (time) => `<${time}>`);
const alert = (alert_id: number, code = 'RISK_PAUSE', strategy_code = 'A'): Alert =>
  ({ alert_id, code, strategy_code, timestamp: `t${alert_id}` }) as Alert;

describe('gauges', () => {
  it('are the share of each limit that is used', () => {
    expect(shown({}).map(({ key, used, breached }) => [key, used, breached])).toEqual([
      ['drawdown', 0.2, false],
      ['session_loss', 0, false],
      ['max_trades', 0.25, false],
      ['pause', 0, false],
    ]);
  });

  it('a breached one is full even when the figure has come back: a latch holds', () => {
    expect(shown({ reasons: ['drawdown'] })[0]).toMatchObject({ used: 1, breached: true, text: '3.0 / 15 %' });
    // the run of losses begins anew with the pause
    expect(shown({ reasons: ['pause'], pause_until: 'x' })[3]).toMatchObject({ used: 1, text: 'until <x>' });
  });

  it('never leave their track', () => {
    expect(shown({ drawdown_pct: 99 })[0]!.used).toBe(1);
    expect(shown({ drawdown_pct: -1 })[0]!.used).toBe(0);
  });
});

describe('alerts', () => {
  it('say since when a limit is breached: the newest of that strategy and limit', () => {
    const list = [alert(4, 'RISK_DRAWDOWN', 'B'), alert(3, 'RISK_DRAWDOWN'), alert(2, 'RISK_DRAWDOWN'), alert(1)];
    expect(since(list, 'A', 'drawdown')).toBe('t3');
    expect(since(list, 'A', 'session_loss')).toBeNull();
  });

  it('are new until they were looked at, and all of them in a new world, whose numbers begin anew', () => {
    expect(unseen([alert(3), alert(2), alert(1)], 1)).toBe(2);
    expect(unseen([alert(3)], 3)).toBe(0);
    expect(unseen([alert(2), alert(1)], 40)).toBe(2);
    expect(unseen([], 40)).toBe(0);
  });
});
