import type { Alert, StrategyRisk } from './types.js';

type Reason = StrategyRisk['reasons'][number];

/** A limit and how much of it is used. */
export interface Gauge {
  readonly key: Reason;
  readonly label: string;
  /** 0–1, and 1 when it is reached. */
  readonly used: number;
  readonly text: string;
  readonly breached: boolean;
}

/** The four limits of a strategy, in the order in which they refuse an entry. */
export function gauges(risk: StrategyRisk, clock: (time: string) => string): readonly Gauge[] {
  const { limits } = risk;
  const gauge = (key: Reason, label: string, value: number, limit: number, text: string): Gauge => {
    const breached = risk.reasons.includes(key);
    return { key, label, text, breached, used: breached ? 1 : limit > 0 ? Math.min(Math.max(value / limit, 0), 1) : 0 };
  };
  const losses = `${risk.losses_in_a_row} / ${limits.losses_before_pause}`;
  return [
    gauge(
      'drawdown',
      'Drawdown',
      risk.drawdown_pct,
      limits.max_drawdown_pct,
      `${risk.drawdown_pct.toFixed(1)} / ${limits.max_drawdown_pct} %`,
    ),
    gauge(
      'session_loss',
      'Day loss',
      risk.session_loss_pct,
      limits.max_session_loss_pct,
      `${risk.session_loss_pct.toFixed(1)} / ${limits.max_session_loss_pct} %`,
    ),
    gauge(
      'max_trades',
      'Entries',
      risk.entries_this_session,
      limits.max_entries_per_session,
      `${risk.entries_this_session} / ${limits.max_entries_per_session}`,
    ),
    gauge(
      'pause',
      'Losses',
      risk.losses_in_a_row,
      limits.losses_before_pause,
      risk.pause_until === null ? losses : `until ${clock(risk.pause_until)}`,
    ),
  ];
}

const ALERT_OF: Readonly<Record<Reason, string>> = {
  drawdown: 'RISK_DRAWDOWN',
  session_loss: 'RISK_SESSION_LOSS',
  max_trades: 'RISK_MAX_TRADES',
  pause: 'RISK_PAUSE',
};

/** Since when a limit is breached: the time of its newest alert; null when none is known. */
export function since(alerts: readonly Alert[], code: string, reason: Reason): string | null {
  return alerts.find((alert) => alert.strategy_code === code && alert.code === ALERT_OF[reason])?.timestamp ?? null;
}

/** How many alerts nobody has looked at here. Numbers begin anew with a new world: then all of them are new. */
export function unseen(alerts: readonly Alert[], seen: number): number {
  const newest = Math.max(0, ...alerts.map((alert) => alert.alert_id));
  return alerts.filter((alert) => alert.alert_id > (newest < seen ? 0 : seen)).length;
}
