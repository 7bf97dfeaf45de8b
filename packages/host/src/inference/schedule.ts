import type { Calendar } from '@signalbox/core';

/** Open times of the slots that opened after `after` and are complete at `now`, in order: the cycles that are due. */
export function dueSlots(calendar: Calendar, after: number, now: number): number[] {
  const { slotMs } = calendar;
  const due: number[] = [];
  if (after + slotMs > now) return due;
  for (const date of calendar.sessionsBetween(calendar.sessionDate(after), calendar.sessionDate(now))) {
    const close = calendar.sessionClose(date)!;
    for (let time = calendar.sessionOpen(date)!; time + slotMs <= Math.min(now, close); time += slotMs)
      if (time > after) due.push(time);
  }
  return due;
}

/** Market time of the first completion of a slot after `now`. */
export function nextCompletion(calendar: Calendar, now: number): number {
  const { slotMs } = calendar;
  const open = calendar.sessionOpen(calendar.sessionDate(now));
  const close = calendar.sessionClose(calendar.sessionDate(now));
  if (open !== undefined && now >= open && now < close!) return open + (Math.floor((now - open) / slotMs) + 1) * slotMs;
  return calendar.nextOpen(now) + slotMs;
}

/** Open time of the newest slot that is complete at `now`; undefined when there is none in the last ten days. */
export function lastComplete(calendar: Calendar, now: number): number | undefined {
  return dueSlots(calendar, now - 10 * 86_400_000, now).at(-1);
}
