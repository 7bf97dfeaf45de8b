import { malformed } from './model-error.js';
import { MAX_DEPTH, MAX_VALUES } from './ubjson.js';

/** Keys cost more than values, and no model has many: XGBoost writes some twenty for each tree. */
const MAX_KEYS = 1 << 20;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [TEXT, NEXT, KEY, OPEN, CLOSE] = [1, 2, 3, 4, 5] as const;
/** What a character outside texts means to the count; 0: nothing. */
const MEANING = new Uint8Array(128);
for (const [character, meaning] of [
  ['"', TEXT],
  [',', NEXT],
  [':', KEY],
  ['[', OPEN],
  ['{', OPEN],
  [']', CLOSE],
  ['}', CLOSE],
] as const)
  MEANING[character.charCodeAt(0)] = meaning;

/**
 * Refuses JSON that would cost the parser far more than its length: one pass, before anything is allocated for it. Whether it is
 * JSON at all is the parser's to say.
 * @throws ModelError MODEL_MALFORMED with the position
 */
export function checkJsonBounds(text: string, what: string): void {
  let depth = 0;
  // no fewer than there are: one before each comma, one after the last or after the opening bracket
  let values = 1;
  let keys = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const meaning = code < 128 ? MEANING[code]! : 0;
    if (meaning === 0) continue;
    if (meaning === TEXT) at = endOfText(text, at);
    else if (meaning === KEY) {
      if (++keys > MAX_KEYS) throw beyond(what, at, `more than the limit of ${MAX_KEYS} keys`);
    } else if (meaning === CLOSE) depth--;
    else {
      if (++values > MAX_VALUES) throw beyond(what, at, `more than the limit of ${MAX_VALUES} values`);
      if (meaning === OPEN && ++depth > MAX_DEPTH)
        throw beyond(what, at, `nested deeper than the limit of ${MAX_DEPTH}`);
    }
  }
}

/** The place of the quote that closes the text which the one at `quote` opens, or the end. */
export function endOfText(text: string, quote: number): number {
  let at = quote + 1;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  return at;
}

const beyond = (what: string, at: number, problem: string): Error => malformed(what, `character ${at}: ${problem}`);
