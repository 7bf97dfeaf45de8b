import { returnPct } from '../figures.js';
import type { EquityColumns } from '../../stores/postgres/reads/equity.js';

const DAY = 86_400_000;
const MINUTE = 60_000;
const pad = (n: number): string => String(n).padStart(2, '0');
/** `15:05:00.000Z` for each minute of a day. */
const CLOCK = Array.from(
  { length: 1440 },
  (_, minute) => `${pad(Math.floor(minute / 60))}:${pad(minute % 60)}:00.000Z`,
);

/**
 * The points of a curve as JSON. Tens of thousands of them go out at a time: writing them as text costs a third of making
 * objects for `JSON.stringify`.
 */
export function pointsText(rows: EquityColumns, indices: Iterable<number>, base: number): string {
  const { timestamp, equity, drawdownPct } = rows;
  let text = '';
  let day = NaN;
  let date = '';
  for (const i of indices) {
    const time = timestamp[i]!;
    const on = Math.floor(time / DAY);
    if (on !== day) {
      day = on;
      date = new Date(on * DAY).toISOString().slice(0, 11);
    }
    const into = time - on * DAY;
    const moment = into % MINUTE === 0 ? date + CLOCK[into / MINUTE]! : new Date(time).toISOString();
    const value = equity[i]!;
    text += `${text === '' ? '' : ','}{"timestamp":"${moment}","equity_value":${value},"return_pct":${returnPct(base, value)},"drawdown_pct":${drawdownPct[i]!}}`;
  }
  return `[${text}]`;
}
