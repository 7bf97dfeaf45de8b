import type { Direction } from '../data/types.js';
import { Arrow } from './Glyph.js';

/** A direction: arrow, word and colour say the same. */
export function Badge({ direction }: { direction: Direction }) {
  return (
    <span className={`badge badge-${direction}`}>
      <Arrow direction={direction} />
      {direction.toUpperCase()}
    </span>
  );
}
