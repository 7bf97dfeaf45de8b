import { checkJsonBounds, endOfText } from './json-bounds.js';
import { malformed, unsupported } from './model-error.js';
import { isUbjson, parseUbjson } from './ubjson.js';

// In browsers and in Node alike; the compiler is told of neither.
declare const TextDecoder: new (label: string, options: { fatal: boolean }) => { decode(bytes: Uint8Array): string };

/** Larger files are refused before they are read: a forest of this size is no model for a five-minute bar. */
export const MAX_BYTES = 64 * 1024 * 1024;

/** Parses XGBoost's JSON or UBJSON, told apart by the first bytes. */
export function parseModel(bytes: Uint8Array, what: string): unknown {
  if (!isUbjson(bytes)) {
    const text = decodeText(bytes, what);
    checkJsonBounds(text, what);
    return parseModelJson(text, what);
  }
  checkSize(bytes, what);
  return parseUbjson(bytes, what);
}

/** The text of a model file, if it is text at all and not too large. */
export function decodeText(bytes: Uint8Array, what: string): string {
  checkSize(bytes, what);
  refuseOtherFormats(bytes, what);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw malformed(what, 'is not UTF-8 text', { cause });
  }
}

function checkSize(bytes: Uint8Array, what: string): void {
  if (bytes.length > MAX_BYTES) throw malformed(what, `${bytes.length} bytes, more than the limit of ${MAX_BYTES}`);
}

/**
 * Parses a model's JSON. XGBoost writes the literals NaN, Infinity and -Infinity, which JSON does not have; they come back as
 * null (NaN) and ±Infinity.
 */
function parseModelJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (first) {
    if (!/\b(?:NaN|Infinity)\b/.test(text)) throw malformed(what, `is not complete JSON (${(first as Error).message})`);
    const plain = withoutLiterals(text);
    try {
      return JSON.parse(plain);
    } catch (second) {
      throw malformed(what, `is not complete JSON (${(second as Error).message})`);
    }
  }
}

/** What may stand before a literal; behind a digit a replaced one would be read as part of the number. */
const BEFORE = '[,:- \t\n\r';

/** One pass, so that no text makes it slow. The sign of -Infinity stays where it is. */
function withoutLiterals(text: string): string {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"') {
      at = endOfText(text, at);
      continue;
    }
    if (character !== 'N' && character !== 'I') continue;
    const literal = character === 'N' ? 'NaN' : 'Infinity';
    const end = at + literal.length;
    if (!text.startsWith(literal, at) || !BEFORE.includes(text[at - 1] ?? ' ') || /\w/.test(text[end] ?? '')) continue;
    // no number has a minus and null
    const signed = character === 'N' && text[at - 1] === '-';
    parts.push(text.slice(from, signed ? at - 1 : at), character === 'N' ? 'null' : '1e999');
    from = end;
    at = end - 1;
  }
  parts.push(text.slice(from));
  return parts.join('');
}

/** What no model format of ours starts with. */
function refuseOtherFormats(bytes: Uint8Array, what: string): void {
  if (bytes.length === 0) throw malformed(what, 'is empty');
  if (bytes[0] === 0x80)
    throw unsupported(
      'a Python pickle',
      "A pickle is code, not data. Convert it where it was trained: python -c \"import pickle; pickle.load(open('m.pkl','rb')).save_model('model.json')\".",
    );
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function objectAt(parent: JsonObject, key: string, path: string): JsonObject {
  const value = own(parent, key);
  if (!isObject(value)) throw malformed(`${path}.${key}`, 'is not an object');
  return value;
}

/** A list of JSON, or a typed array of UBJSON. */
export function arrayAt(parent: JsonObject, key: string, path: string): ArrayLike<unknown> {
  const value = own(parent, key);
  if (!Array.isArray(value) && !ArrayBuffer.isView(value)) throw malformed(`${path}.${key}`, 'is not a list');
  return value as ArrayLike<unknown>;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

export function stringAt(parent: JsonObject, key: string, path: string): string {
  const value = own(parent, key);
  if (typeof value !== 'string') throw malformed(`${path}.${key}`, 'is not a string');
  return value;
}

/** A count that XGBoost writes as a string of digits. */
export function countAt(parent: JsonObject, key: string, path: string, max: number, fallback?: number): number {
  const value = own(parent, key);
  if (value === undefined && fallback !== undefined) return fallback;
  const digits = typeof value === 'number' ? String(value) : value;
  if (typeof digits !== 'string' || !/^\d{1,10}$/.test(digits))
    throw malformed(`${path}.${key}`, 'is not a whole number');
  const count = Number(digits);
  if (count > max) throw malformed(`${path}.${key}`, `${count} is more than the limit of ${max}`);
  return count;
}

export function own(parent: JsonObject, key: string): unknown {
  return Object.hasOwn(parent, key) ? parent[key] : undefined;
}
