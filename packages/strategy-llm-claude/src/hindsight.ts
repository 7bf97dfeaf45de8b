import type { Settings } from './config.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How late an answer was recorded, when it was more than an hour after the end of its bar; otherwise null. */
export function hindsight(barTime: number, recordedAt: number, barMinutes: number): string | null {
  const late = recordedAt - (barTime + barMinutes * 60_000);
  if (!(late > HOUR_MS)) return null;
  const span = late >= 2 * DAY_MS ? `${Math.floor(late / DAY_MS)} days` : `${(late / HOUR_MS).toFixed(1)} h`;
  return `recorded ${span} after its bar`;
}

/** Why the model may know what followed this bar; null when the bar lies after its knowledge cutoff. */
export function beforeCutoff(barTime: number, { model, knowledge_cutoff }: Settings): string | null {
  const end = Date.parse(`${knowledge_cutoff}T00:00:00Z`) + DAY_MS;
  return barTime >= end ? null : `it lies before the end of what ${model} may know (${knowledge_cutoff})`;
}
