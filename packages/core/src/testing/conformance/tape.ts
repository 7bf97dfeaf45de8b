import type { Bar } from '../../market/bar.js';
import { FLAT, type Position } from '../../market/position.js';
import { observe, openMarket } from '../../market-state.js';
import type { AnyView } from '../../strategies/contract.js';
import type { MemberOpinion } from '../../strategies/opinion.js';
import { askable, viewOf, type Seat } from '../../strategies/seat.js';
import type { MacroRow } from '../macro-walk.js';
import { createRandom } from '../random.js';
import { othersOf, seriesOf, type World } from '../world.js';

/** What one strategy is shown of one bar. */
export interface TapeRow {
  readonly bar: Bar;
  /** Why the engine does not ask at this bar; null where it does. */
  readonly silence: string | null;
  readonly features: Readonly<Record<string, number>>;
  readonly vector: Float64Array;
  readonly position: Position;
  readonly opinions: Readonly<Record<string, MemberOpinion>>;
}

/** The bars of a world as the engine would show them, recorded so that every case asks about the same. */
export type Tape = readonly TapeRow[];

export interface TapeOptions {
  readonly world: World;
  readonly seat: Seat;
  /** Members whose opinions are scripted. */
  readonly members: readonly string[];
  readonly bars?: readonly Bar[];
  readonly macro?: readonly MacroRow[];
  readonly others?: World['others'];
}

/**
 * Runs bars through the engine's own features. Positions and members' opinions are scripted by the place of a bar in its world, so
 * that they do not depend on what the strategy says, nor on other bars.
 */
export function recordTape(options: TapeOptions): Tape {
  const { world, seat, members, bars = world.bars, macro = world.macro, others } = options;
  const market = openMarket(world.plan, seriesOf(world, macro), world.calendar, othersOf(world, bars, others));
  const place = new Map(world.bars.map((bar, i) => [bar.time, i]));
  return bars.flatMap((bar): TapeRow[] => {
    const slot = world.calendar.slot(bar.time);
    if (!slot) return [];
    const seen = observe(market, bar, slot);
    const i = place.get(bar.time) ?? 0;
    const position = scriptedPosition(world.bars, i);
    const opinions = scriptedOpinions(members, i);
    seat.own?.update(position, slot);
    const silence = askable(seat, seen, seen.features)?.reasoning ?? null;
    const { features, vector } = viewOf(seat, bar, seen.features, position, opinions);
    return [{ bar, silence, features, vector: vector.slice(), position, opinions }];
  });
}

/** A fresh view of a row: a strategy that changes it harms no other. */
export function viewOfRow({ bar, features, vector, position, opinions }: TapeRow): AnyView {
  return {
    bar: { ...bar },
    features: { ...features },
    vector: vector.slice(),
    position: position.side === 'flat' ? FLAT : { ...position },
    opinions: structuredClone(opinions),
  };
}

/** Twenty bars flat, ten long, ten short, and again. */
function scriptedPosition(bars: readonly Bar[], i: number): Position {
  const at = i % 40;
  if (at < 20) return FLAT;
  const side = at < 30 ? 'long' : 'short';
  const held = (at % 10) + 1;
  const entryPrice = bars[i - held + 1]!.open;
  const move = (bars[i]!.close - entryPrice) / bars[i]!.close;
  return { side, size: 0.1, entryPrice, barsHeld: held, unrealizedPct: 10 * (side === 'long' ? move : -move) };
}

function scriptedOpinions(members: readonly string[], i: number): Readonly<Record<string, MemberOpinion>> {
  return Object.fromEntries(
    members.flatMap((code, m): [string, MemberOpinion][] => {
      const random = createRandom(1, m, i);
      const kind = random.uniform();
      const confidence = Math.round(5000 + 5000 * random.uniform()) / 10_000;
      const reasoning = `scripted opinion of ${code}`;
      if (kind < 0.1) return []; // a member that is not active
      if (kind < 0.2) return [[code, { signal: 'none', code: 'unavailable', reasoning }]];
      if (kind < 0.4) return [[code, { signal: 'flat', reasoning }]];
      if (kind < 0.5)
        return [[code, { signal: 'close', reasoning, closes: random.uniform() < 0.5 ? 'long' : 'short' }]];
      return [[code, { signal: random.uniform() < 0.5 ? 'long' : 'short', confidence, reasoning }]];
    }),
  );
}
