import type { Shape } from './palette.js';

const polygon = (corners: number, radius: number, turn: number): string =>
  `M${Array.from({ length: corners }, (_, i) => {
    const angle = ((i + turn) / corners) * 2 * Math.PI - Math.PI / 2;
    return `${(radius * Math.cos(angle)).toFixed(3)} ${(radius * Math.sin(angle)).toFixed(3)}`;
  }).join('L')}Z`;

const star = `M${Array.from({ length: 10 }, (_, i) => {
  const r = i % 2 === 0 ? 1.1 : 0.48;
  const angle = (i / 10) * 2 * Math.PI - Math.PI / 2;
  return `${(r * Math.cos(angle)).toFixed(3)} ${(r * Math.sin(angle)).toFixed(3)}`;
}).join('L')}Z`;

const circle = (r: number, sweep: 0 | 1): string =>
  `M${-r} 0A${r} ${r} 0 1 ${sweep} ${r} 0A${r} ${r} 0 1 ${sweep} ${-r} 0Z`;

/** Outlines as SVG path data around (0, 0), about 1 unit in radius: one drawing for cards, legends and canvases. */
export const OUTLINES: Readonly<Record<Shape, string>> = {
  circle: circle(0.92, 1),
  square: 'M-.82-.82H.82V.82H-.82Z',
  diamond: 'M0-1.1L1.1 0L0 1.1L-1.1 0Z',
  hexagon: polygon(6, 1, 0.5),
  plus: 'M-.36-1H.36V-.36H1V.36H.36V1H-.36V.36H-1V-.36H-.36Z',
  star,
  pentagon: polygon(5, 1.05, 0),
  ring: `${circle(1, 1)}${circle(0.5, 0)}`,
};

/** Direction signs in the same units: up for long, down for short, a cross for close. */
export const DIRECTIONS = {
  long: 'M0-.9L1 .75H-1Z',
  short: 'M0 .9L1-.75H-1Z',
  close: 'M-.9-.55L-.55-.9L0-.35L.55-.9L.9-.55L.35 0L.9 .55L.55 .9L0 .35L-.55 .9L-.9 .55L-.35 0Z',
  flat: 'M-.95-.2H.95V.2H-.95Z',
} as const;
