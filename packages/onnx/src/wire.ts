import { malformed } from './model-error.js';

declare const TextDecoder: new (label: string, options: { fatal: boolean }) => { decode(bytes: Uint8Array): string };

/** Messages of one file: each costs memory that its two bytes do not show. */
const MAX_MESSAGES = 1 << 20;
/** Texts of one file; trees name the kind of every node. Equal ones share memory. */
const MAX_TEXTS = 1 << 23;
const SHORT_TEXT = 32;

/** What one file has used up, shared by all of its messages. */
export class Budget {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #texts = new Map<string, string>();
  #messages = 0;
  #count = 0;

  message(where: string): void {
    if (++this.#messages > MAX_MESSAGES) throw malformed(where, `more than the limit of ${MAX_MESSAGES} messages`);
  }

  text(bytes: Uint8Array, where: string): string {
    if (++this.#count > MAX_TEXTS) throw malformed(where, `more than the limit of ${MAX_TEXTS} texts`);
    let text: string;
    try {
      text = this.#decoder.decode(bytes);
    } catch (cause) {
      throw malformed(where, 'a text is not UTF-8', { cause });
    }
    if (text.length > SHORT_TEXT) return text;
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    this.#texts.set(text, text);
    return text;
  }
}

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/**
 * Reads the fields of one protobuf message (https://protobuf.dev/programming-guides/encoding). Nothing is allocated for a length that
 * the bytes do not hold.
 */
export class Message {
  readonly #view: DataView;
  #at = 0;
  /** Number and wire type of the field that `next` found. */
  field = 0;
  wire = 0;

  constructor(
    readonly bytes: Uint8Array,
    readonly where: string,
    readonly budget: Budget,
  ) {
    budget.message(where);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Goes to the next field; its value has to be taken, or skipped, before the one after. */
  next(): boolean {
    if (this.#at === this.bytes.length) return false;
    const key = this.#varint();
    this.field = Math.floor(key / 8);
    this.wire = key % 8;
    if (this.field < 1 || this.field >= 2 ** 29) throw this.fail(`no field has the number ${this.field}`);
    return true;
  }

  skip(): void {
    if (this.wire === VARINT) this.#varint();
    else if (this.wire === FIXED64) this.#take(8);
    else if (this.wire === BYTES) this.#block();
    else if (this.wire === FIXED32) this.#take(4);
    else throw this.fail(`field ${this.field} has the wire type ${this.wire}`);
  }

  /** A whole number, signed, 64 bits; beyond 2^53 the nearest double. */
  int(): number {
    this.#expect(VARINT);
    return this.#varint();
  }

  float(): number {
    this.#expect(FIXED32);
    return this.#view.getFloat32(this.#take(4), true);
  }

  block(): Uint8Array {
    this.#expect(BYTES);
    return this.#block();
  }

  text(): string {
    return this.budget.text(this.block(), this.where);
  }

  message(where: string): Message {
    return new Message(this.block(), where, this.budget);
  }

  /** Adds a repeated whole number, packed or one by one. */
  ints(into: number[]): void {
    if (this.wire !== BYTES) {
      into.push(this.int());
      return;
    }
    const packed = new Message(this.#block(), this.where, this.budget);
    while (packed.#at < packed.bytes.length) into.push(packed.#varint());
  }

  /** Adds a repeated number of 4 bytes (a float) or 8 (a double), packed or one by one. */
  floats(into: number[], size: 4 | 8): void {
    const one = size === 4 ? FIXED32 : FIXED64;
    if (this.wire === one) {
      const at = this.#take(size);
      into.push(size === 4 ? this.#view.getFloat32(at, true) : this.#view.getFloat64(at, true));
      return;
    }
    const block = this.block();
    if (block.length % size !== 0)
      throw this.fail(`field ${this.field} has ${block.length} bytes for numbers of ${size}`);
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    for (let at = 0; at < block.length; at += size)
      into.push(size === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true));
  }

  fail(what: string): Error {
    return malformed(this.where, what);
  }

  #expect(wire: number): void {
    if (this.wire !== wire) throw this.fail(`field ${this.field} has the wire type ${this.wire} where ${wire} belongs`);
  }

  #take(size: number): number {
    const at = this.#at;
    if (this.bytes.length - at < size) throw this.fail(`cut off in field ${this.field}`);
    this.#at = at + size;
    return at;
  }

  #block(): Uint8Array {
    const length = this.#varint();
    if (length < 0 || length > this.bytes.length - this.#at)
      throw this.fail(`field ${this.field} says ${length} bytes and ${this.bytes.length - this.#at} are left`);
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  #varint(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 7; i++, factor *= 128) {
      const byte = this.bytes[this.#take(1)]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    // the rest is rare: numbers of more than 49 bits, negative ones among them
    let wide = BigInt(value);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.#take(1)]!;
      wide |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(BigInt.asIntN(64, wide));
    }
    throw this.fail('a number has more than 10 bytes');
  }
}
