import { DIRECTIONS, OUTLINES } from '../charts/glyph.js';
import type { Look } from '../charts/palette.js';
import type { Direction } from '../data/types.js';

/** A strategy's shape in its colour. The name always stands beside it, so it is hidden from assistive technology. */
export function Glyph({ look, size = 12 }: { look: Look | undefined; size?: number }) {
  return (
    <svg
      className="glyph"
      data-look={look?.index ?? 7}
      width={size}
      height={size}
      viewBox="-1.25 -1.25 2.5 2.5"
      aria-hidden
    >
      <path d={OUTLINES[look?.shape ?? 'circle']} />
    </svg>
  );
}

/** Arrow of a direction; the word always stands beside it. */
export function Arrow({ direction, size = 10 }: { direction: Direction; size?: number }) {
  return (
    <svg className="arrow" width={size} height={size} viewBox="-1.1 -1.1 2.2 2.2" aria-hidden>
      <path d={DIRECTIONS[direction]} />
    </svg>
  );
}
