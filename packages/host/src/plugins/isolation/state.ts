/** Characters of a state as JSON: it is written with every bar. */
export const MAX_STATE = 1024 * 1024;

/** Why what `save` gave cannot be stored; null when it can. It came as JSON: only its size and its texts are in doubt. */
export function stateFault(state: unknown): string | null {
  if (state === null) return null;
  if (state === undefined) return 'its saved state is missing';
  const text = JSON.stringify(state);
  if (text.length > MAX_STATE) return `its saved state has ${text.length} characters, ${MAX_STATE} are allowed`;
  // PostgreSQL's jsonb takes neither NUL nor half of a surrogate pair; stringify escapes both
  if (/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(text)) return 'its saved state holds a text that cannot be stored';
  return null;
}
