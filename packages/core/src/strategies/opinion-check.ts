import { NO_OPINION_CODES, type Opinion } from './opinion.js';

const CODES: ReadonlySet<unknown> = /* @__PURE__ */ new Set(NO_OPINION_CODES);

/** Size is (confidence − floor) / (1 − floor) of the largest: the floor stays clear of 1. */
const MAX_FLOOR = 0.99;

/**
 * What is wrong with an answer that claims to be an opinion, naming the field and what it must be; null when it is well
 * formed. Types do not hold at run time: a plugin may be plain JavaScript, or a model may have answered NaN.
 */
export function opinionFault(answer: unknown): string | null {
  if (typeof answer !== 'object' || answer === null) return `an opinion must be an object, not ${shown(answer)}`;
  const said = answer as Readonly<Record<string, unknown>>;
  if (typeof said.reasoning !== 'string') return `reasoning must be a text, not ${shown(said.reasoning)}`;
  switch (said.signal) {
    case 'long':
    case 'short':
      return (
        within(said, 'confidence', 0, 1, true) ??
        within(said, 'score', -1, 1, false) ??
        within(said, 'confidenceFloor', 0, MAX_FLOOR, false) ??
        within(said, 'size', 0, 1, false) ??
        distance(said, 'stopDistance') ??
        distance(said, 'targetDistance')
      );
    case 'flat':
    case 'close':
      return within(said, 'confidence', 0, 1, false);
    case 'none':
      return CODES.has(said.code)
        ? null
        : `code must be one of ${NO_OPINION_CODES.join(', ')}, not ${shown(said.code)}`;
    default:
      return `signal must be long, short, flat, close or none, not ${shown(said.signal)}`;
  }
}

/** The answer itself when it is an opinion; otherwise `none` (`unavailable`) that names the fault. */
export function wellFormed(answer: unknown): Opinion {
  const fault = opinionFault(answer);
  if (fault === null) return answer as Opinion;
  return { signal: 'none', code: 'unavailable', reasoning: `malformed opinion: ${fault}` };
}

function within(
  said: Readonly<Record<string, unknown>>,
  field: string,
  least: number,
  most: number,
  required: boolean,
): string | null {
  const value = said[field];
  if (value === undefined && !required) return null;
  if (typeof value === 'number' && value >= least && value <= most) return null;
  return `${field} must be a number from ${least} to ${most}, not ${shown(value)}`;
}

function distance(said: Readonly<Record<string, unknown>>, field: string): string | null {
  const value = said[field];
  if (value === undefined || (typeof value === 'number' && value > 0 && value < Infinity)) return null;
  return `${field} must be a price distance above 0, not ${shown(value)}`;
}

/** Short, whatever it is: the text goes into a stored row. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  if (typeof value === 'function') return 'a function';
  return String(value);
}
