import { epoch } from '../format/time.js';
import type { Position, Signal } from '../data/types.js';

/** A signal on the chart. `flat` is no mark. */
export interface Mark {
  readonly code: string;
  /** Bar's open, epoch ms. */
  readonly time: number;
  readonly direction: 'long' | 'short' | 'close';
  readonly confidence: number | null;
  /** True where the strategy's view differs from the one on the signal before it: only these stand on the price itself. */
  readonly turn: boolean;
  readonly traded: boolean;
}

/** Marks of one strategy's signals, oldest first. */
export function marksOf(code: string, signals: readonly Signal[]): Mark[] {
  const marks: Mark[] = [];
  let before: string | null = null;
  for (const signal of signals) {
    const time = epoch(signal.bar_time);
    if (time === null) continue;
    if (signal.signal !== 'flat')
      marks.push({
        code,
        time,
        direction: signal.signal,
        confidence: signal.confidence,
        turn: signal.signal !== before,
        traded: signal.not_traded === null,
      });
    before = signal.signal;
  }
  return marks;
}

/** A price level of an open position, drawn from its entry to the right edge. */
export interface Level {
  readonly code: string;
  readonly kind: 'entry' | 'stop' | 'target';
  readonly side: 'long' | 'short';
  readonly price: number;
  readonly from: number;
}

export function levelsOf(positions: readonly Position[]): Level[] {
  return positions.flatMap((position) => {
    const from = epoch(position.entry_time) ?? 0;
    const { strategy_code: code, side } = position;
    const levels: Level[] = [{ code, side, from, kind: 'entry', price: position.entry_price }];
    if (position.stop_loss !== null) levels.push({ code, side, from, kind: 'stop', price: position.stop_loss });
    if (position.take_profit !== null) levels.push({ code, side, from, kind: 'target', price: position.take_profit });
    return levels;
  });
}

/** Moves labels apart vertically so that none covers another; order is kept, the picture's edges are respected where room allows. */
export function spread(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
  let floor = low;
  for (const item of order) {
    item.y = Math.max(item.y, floor);
    floor = item.y + gap;
  }
  let ceiling = high;
  for (const item of [...order].reverse()) {
    item.y = Math.min(item.y, ceiling);
    ceiling = item.y - gap;
  }
  const placed = new Array<number>(wanted.length);
  for (const item of order) placed[item.i] = item.y;
  return placed;
}
