import { createHash } from 'node:crypto';
import type { Book } from '@signalbox/core';

/**
 * SHA-256 of what a strategy knew before a bar beside the market: its book and what its plugin saved. The same for a state
 * in memory and for one that was stored and read again: keys are sorted, and what JSON leaves out counts as absent.
 */
export function stateHash(book: Book, plugin: unknown): string {
  return createHash('sha256')
    .update(canonical([book, plugin ?? null]))
    .digest('hex');
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
