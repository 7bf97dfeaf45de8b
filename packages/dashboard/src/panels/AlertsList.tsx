import { useEffect } from 'react';
import { useDesk } from '../app/desk.js';
import { unseen } from '../data/risk.js';
import type { Alert } from '../data/types.js';
import { marketMoment } from '../format/time.js';

const WORDS = { info: 'info', warning: 'warning', critical: 'critical' } as const;

/** Alerts, newest first; who opens the list has seen them. */
export function AlertsList({ alerts }: { alerts: readonly Alert[] }) {
  const { preferences, prefer } = useDesk();
  const newest = Math.max(0, ...alerts.map((alert) => alert.alert_id));
  const news = unseen(alerts, preferences.seenAlert);
  useEffect(() => {
    if (news > 0) prefer({ seenAlert: newest });
  }, [news, newest, prefer]);
  return (
    <ul className="alerts table-scroll" tabIndex={0} aria-label="Alerts, newest first">
      {alerts.map((alert) => (
        <li key={alert.alert_id} className={`alert-${alert.severity}`}>
          <time dateTime={alert.timestamp}>{marketMoment(alert.timestamp)}</time>
          <strong>{WORDS[alert.severity]}</strong>
          <span>
            {alert.message} <code>{alert.code}</code>
          </span>
        </li>
      ))}
    </ul>
  );
}
