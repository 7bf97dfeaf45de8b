import type { Bar } from '../market/bar.js';
import type { Calendar } from '../market/calendar.js';
import type { FeatureConfig } from './config.js';
import { createSeriesTable, type SeriesTable } from './series.js';

/** Seeded uniform numbers (mulberry32), so that a failure can be repeated. */
export function uniform(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Bars with true ranges for every slot from one date to another; `absent` leaves some out. */
export function syntheticBars(
  calendar: Calendar,
  from: string,
  to: string,
  seed = 1,
  absent: (ordinal: number, random: () => number) => boolean = () => false,
): Bar[] {
  const random = uniform(seed);
  const bars: Bar[] = [];
  let close = 4000;
  for (const date of calendar.sessionsBetween(from, to)) {
    const end = calendar.sessionClose(date)!;
    for (let time = calendar.sessionOpen(date)!; time < end; time += calendar.slotMs) {
      const open = close;
      close = Math.round((close + (random() + random() + random() - 1.5) * 8) * 100) / 100;
      const high = Math.max(open, close) + Math.round(random() * 300) / 100;
      const low = Math.min(open, close) - Math.round(random() * 300) / 100;
      if (absent(calendar.slot(time)!.ordinal, random)) continue;
      bars.push({ time, open, high, low, close, volume: 0 });
    }
  }
  return bars;
}

/** A value for every weekday of every series. */
export function syntheticSeries(
  config: FeatureConfig,
  calendar: Calendar,
  from: string,
  to: string,
  seed = 2,
): SeriesTable {
  const random = uniform(seed);
  const table = createSeriesTable(config, calendar);
  const level: Record<string, number> = { dxy: 100, vix: 20, embi: 320, brent: 80, usdmxn: 18, col10y: 10, ust10y: 4 };
  for (let day = Date.parse(from); day <= Date.parse(to); day += 86_400_000) {
    const weekday = new Date(day).getUTCDay();
    if (weekday === 0 || weekday === 6) continue;
    for (const name of table.names) {
      level[name] = Math.round(level[name]! * (1 + (random() - 0.5) * 0.02) * 10_000) / 10_000;
      table.add(name, new Date(day).toISOString().slice(0, 10), level[name]!);
    }
  }
  return table;
}
