/**
 * Seeded random numbers, 0 ≤ x < 1, of 32 bits: the text is spread by FNV-1a, the sequence is Mulberry32 (public domain, Tommy
 * Ettinger). The same text gives the same sequence on every machine. Not for secrets.
 */
export function seededRandom(text: string): () => number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}
