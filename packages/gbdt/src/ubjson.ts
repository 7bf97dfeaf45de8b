import { malformed } from './model-error.js';

declare const TextDecoder: new (label: string, options: { fatal: boolean }) => { decode(bytes: Uint8Array): string };

/** Of JSON too. */
export const MAX_DEPTH = 32;
/** Values that stand alone, not in a typed list: each costs memory that its one byte does not show. */
export const MAX_VALUES = 1 << 23;

/** UBJSON starts with an object whose first key has a length marker instead of a quote. */
export function isUbjson(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7b && bytes[1] !== undefined && 'iUIlL'.includes(String.fromCharCode(bytes[1]));
}

type Numbers = Int8Array | Uint8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** Size in bytes and reader of the number types; UBJSON is big-endian. */
const NUMBERS: Readonly<
  Record<string, { size: number; read(view: DataView, at: number): number; list(n: number): Numbers }>
> = {
  i: { size: 1, read: (view, at) => view.getInt8(at), list: (n) => new Int8Array(n) },
  U: { size: 1, read: (view, at) => view.getUint8(at), list: (n) => new Uint8Array(n) },
  I: { size: 2, read: (view, at) => view.getInt16(at), list: (n) => new Int16Array(n) },
  l: { size: 4, read: (view, at) => view.getInt32(at), list: (n) => new Int32Array(n) },
  L: { size: 8, read: (view, at) => Number(view.getBigInt64(at)), list: (n) => new Float64Array(n) },
  d: { size: 4, read: (view, at) => view.getFloat32(at), list: (n) => new Float32Array(n) },
  D: { size: 8, read: (view, at) => view.getFloat64(at), list: (n) => new Float64Array(n) },
};

/**
 * Reads UBJSON as XGBoost writes it: the objects and lists of the JSON form, lists of numbers as typed arrays. Nothing is allocated for
 * a count that the bytes that follow could not fill.
 * @throws ModelError MODEL_MALFORMED with the position
 */
export function parseUbjson(bytes: Uint8Array, what: string): unknown {
  const reader = new Reader(bytes, what);
  const value = reader.value(reader.marker(), 0);
  reader.end();
  return value;
}

class Reader {
  readonly #view: DataView;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #at = 0;
  #values = 0;

  constructor(
    readonly bytes: Uint8Array,
    readonly what: string,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next marker; no-ops are skipped. */
  marker(): string {
    for (;;) {
      const marker = String.fromCharCode(this.bytes[this.#take(1)]!);
      if (marker !== 'N') return marker;
    }
  }

  end(): void {
    if (this.#at !== this.bytes.length) throw this.#fail(`${this.bytes.length - this.#at} bytes follow the end`);
  }

  value(marker: string, depth: number): unknown {
    if (++this.#values > MAX_VALUES) throw this.#fail(`more than the limit of ${MAX_VALUES} values`);
    if (depth > MAX_DEPTH) throw this.#fail(`nested deeper than the limit of ${MAX_DEPTH}`);
    if (marker === '{') return this.#object(depth);
    if (marker === '[') return this.#list(depth);
    if (marker === 'S') return this.#text();
    if (marker === 'Z') return null;
    if (marker === 'T') return true;
    if (marker === 'F') return false;
    if (marker === 'C') return String.fromCharCode(this.bytes[this.#take(1)]!);
    return this.#number(marker);
  }

  #object(depth: number): Readonly<Record<string, unknown>> {
    // without a prototype, so that a key named __proto__ is a key
    const object = Object.create(null) as Record<string, unknown>;
    const count = this.#countAfterHash();
    for (let n = 0; n !== count; n++) {
      if (count === null && this.#peek() === '}') {
        this.#at++;
        break;
      }
      const key = this.#text();
      if (Object.hasOwn(object, key)) throw this.#fail(`the key ${JSON.stringify(key.slice(0, 40))} stands twice`);
      object[key] = this.value(this.marker(), depth + 1);
    }
    return object;
  }

  #list(depth: number): readonly unknown[] | Numbers {
    if (this.#peek() === '$') return this.#typedList();
    const list: unknown[] = [];
    const count = this.#countAfterHash();
    for (let n = 0; n !== count; n++) {
      const marker = this.marker();
      if (count === null && marker === ']') break;
      list.push(this.value(marker, depth + 1));
    }
    return list;
  }

  #typedList(): Numbers {
    this.#at++;
    const type = this.marker();
    const kind = Object.hasOwn(NUMBERS, type) ? NUMBERS[type]! : undefined;
    // lists of null, true and false take no bytes: a count alone would fill the memory
    if (!kind) throw this.#fail(`a list of type ${JSON.stringify(type)}, which is no number`);
    const count = this.#countAfterHash();
    if (count === null) throw this.#fail('a typed list without a count');
    const start = this.#take(count * kind.size);
    const list = kind.list(count);
    for (let i = 0; i < count; i++) list[i] = kind.read(this.#view, start + i * kind.size);
    return list;
  }

  /** The count after `#`, or null when there is none. */
  #countAfterHash(): number | null {
    if (this.#peek() !== '#') return null;
    this.#at++;
    return this.#length();
  }

  #length(): number {
    const marker = this.marker();
    if (!'iUIlL'.includes(marker)) throw this.#fail(`a length of type ${JSON.stringify(marker)}`);
    const length = this.#number(marker);
    if (length < 0 || length > this.bytes.length - this.#at)
      throw this.#fail(`a length of ${length} where ${this.bytes.length - this.#at} bytes are left`);
    return length;
  }

  #text(): string {
    const length = this.#length();
    const start = this.#take(length);
    try {
      return this.#decoder.decode(this.bytes.subarray(start, start + length));
    } catch (cause) {
      throw malformed(this.what, `byte ${start}: is not UTF-8 text`, { cause });
    }
  }

  #number(marker: string): number {
    const kind = Object.hasOwn(NUMBERS, marker) ? NUMBERS[marker]! : undefined;
    if (!kind) throw this.#fail(`unknown marker ${JSON.stringify(marker)}`);
    return kind.read(this.#view, this.#take(kind.size));
  }

  #peek(): string {
    if (this.#at >= this.bytes.length) throw this.#fail('the file ends too early');
    return String.fromCharCode(this.bytes[this.#at]!);
  }

  #take(count: number): number {
    const start = this.#at;
    if (count > this.bytes.length - start) throw this.#fail('the file ends too early');
    this.#at += count;
    return start;
  }

  #fail(problem: string): Error {
    return malformed(this.what, `byte ${this.#at}: ${problem}`);
  }
}
