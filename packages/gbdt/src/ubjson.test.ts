/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseUbjson } from './ubjson.js';
import { loadXGBoost } from './xgboost.js';

const text = (value: string) => Array.from(new TextEncoder().encode(value));
/** Markers and short texts as strings, bytes as numbers. */
const bytes = (...parts: (string | number)[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? text(part) : [part])));
const parse = (...parts: (string | number)[]) => parseUbjson(bytes(...parts), 'the file');
const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'MODEL_MALFORMED', message: expect.stringMatching(message) });

describe('values', () => {
  it('numbers of every type are big-endian', () => {
    expect(parse('[', 'i', 0xff, 'U', 0xff, 'I', 1, 2, 'l', 0, 0, 1, 0, 'L', 0, 0, 0, 0, 0, 0, 1, 0, ']')).toEqual([
      -1, 255, 258, 256, 256,
    ]);
    expect(parse('[', 'd', 0x3f, 0xc0, 0, 0, 'D', 0xbf, 0xf0, 0, 0, 0, 0, 0, 0, ']')).toEqual([1.5, -1]);
  });
  it('typed lists, counted lists, objects, texts, constants and no-ops', () => {
    expect(parse('[$d#U', 2, 0x3f, 0xc0, 0, 0, 0x7f, 0xc0, 0, 0)).toEqual(Float32Array.of(1.5, NaN));
    expect(parse('[#U', 3, 'Z', 'T', 'F')).toEqual([null, true, false]);
    expect(parse('N{U', 1, 'aSU', 2, 'bc', 'U', 1, 'dN[', ']}')).toEqual({ a: 'bc', d: [] });
  });
  it('a key named __proto__ is a key', () => {
    const object = parse('{U', 9, '__proto__{}}') as object;
    expect(Object.getPrototypeOf(object)).toBeNull();
    expect(Object.keys(object)).toEqual(['__proto__']);
  });
});

describe('hostile bytes are refused', () => {
  it.each([
    ['a typed list of 2^40 doubles', ['[$D#L', 0, 0, 1, 0, 0, 0, 0, 0], /length of 1099511627776/],
    ['a typed list that does not fit by its item size', ['[$D#U', 2, 0, 0, 0, 0], /ends too early/],
    ['a list of nulls that take no bytes', ['[$Z#l', 0x7f, 0xff, 0xff, 0xff], /no number/],
    ['a typed list of lists', ['[$[#U', 1, ']'], /no number/],
    ['a typed list without a count', ['[$d', 0, 0, 0, 0], /without a count/],
    ['a negative length', ['{i', 0xff], /length of -1/],
    ['a length that is no integer', ['{d', 0, 0, 0, 0], /length of type "d"/],
    ['an unknown marker', ['[', '?'], /unknown marker/],
    ['a marker named like a property of objects', ['[$', 'c'], /no number|without|unknown/],
    ['a text that is not UTF-8', ['[SU', 1, 0xff, ']'], /UTF-8/],
    ['a key that stands twice', ['{U', 1, 'aZU', 1, 'aZ}'], /stands twice/],
    ['bytes after the end', ['[', ']', 0], /1 bytes follow/],
    ['no end', ['[', 'Z'], /ends too early/],
    ['a list nested 100,000 deep', ['['.repeat(100_000)], /nested deeper/],
  ] as [string, (string | number)[], RegExp][])('%s', (_, parts, message) => {
    expect(() => parse(...parts)).toThrow(refused(message));
  });

  it('nine million values of one byte each', () => {
    const many = new Uint8Array(9_000_000).fill(0x5a);
    many[0] = 0x5b;
    expect(() => parseUbjson(many, 'the file')).toThrow(refused(/limit of 8388608 values/));
  });
});

describe('a model’s bytes', () => {
  const fixture = readFileSync(new URL('../test/fixtures/kinds-xgboost-3.2.0.json.gz', import.meta.url));
  const { kinds } = JSON.parse(gunzipSync(fixture).toString()) as { kinds: Record<string, { ubj: string }> };
  const good = new Uint8Array(Buffer.from(kinds['multi-categories-partition']!.ubj, 'base64'));

  it('every truncation is refused', () => {
    for (let length = 0; length < good.length; length += 61)
      expect(() => loadXGBoost(good.slice(0, length)), `${length} bytes`).toThrow(
        expect.objectContaining({ code: 'MODEL_MALFORMED' }),
      );
  });

  it('1,000 files with a few bytes changed: a coded error or a model that answers, nothing else', () => {
    let state = 7;
    const random = (below: number) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % below;
    let loaded = 0;
    for (let i = 0; i < 1000; i++) {
      const changed = good.slice();
      for (let k = random(3); k >= 0; k--) changed[random(changed.length)] = random(256);
      try {
        const model = loadXGBoost(changed);
        expect(model.predict(new Float64Array(model.featureCount)).length).toBe(model.outputs);
        loaded++;
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^MODEL_(MALFORMED|UNSUPPORTED)$/) });
      }
    }
    expect(loaded).toBeGreaterThan(50);
  });
});
