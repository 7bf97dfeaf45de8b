/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { attributeOf } from './attributes.js';
import { readOnnx } from './read.js';

const file = (name: string) => readFileSync(new URL(`../test/fixtures/${name}`, import.meta.url));
const bytes = new Uint8Array(file('reader.onnx'));
const expected = JSON.parse(file('reader.json').toString()) as { tensors: Record<string, number[]> };

describe('a file of the onnx library', () => {
  const model = readOnnx(bytes);

  it('says who made it, for which operator sets, and its metadata', () => {
    expect(model.producer).toEqual({ name: 'fixture', version: '7' });
    expect(model.irVersion).toBe(10);
    expect([...model.opsets]).toEqual([
      ['', 21],
      ['ai.onnx.ml', 3],
    ]);
    expect(Object.fromEntries(model.metadata)).toEqual({ trained_on: 'simulated', note: 'zwölf' });
    expect(model.name).toBe('reader');
  });

  it('holds every tensor with the library’s own numbers, as bytes or as a list', () => {
    expect(Object.keys(expected.tensors).length).toBe(22);
    for (const [name, values] of Object.entries(expected.tensors)) {
      const tensor = model.initializers.get(name)!;
      expect(tensor.dims, name).toEqual([2, 3]);
      expect([...tensor.data].map(Number), name).toEqual(values);
    }
    expect(model.initializers.get('STRING_list')!.strings).toEqual(['long', 'kürzer']);
    expect(model.initializers.get('scalar')).toMatchObject({ dims: [], data: Float32Array.of(2.5) });
    expect(model.initializers.get('none')!.data).toHaveLength(0);
  });

  it('holds every kind of attribute', () => {
    const node = model.nodes[0]!;
    expect(node).toMatchObject({
      op: 'Everything',
      domain: 'ai.onnx.ml',
      name: 'all of it',
      inputs: ['x', '', 'scalar'],
    });
    expect(attributeOf(node, 'float', 'float')).toBe(0.25);
    expect(attributeOf(node, 'int', 'int')).toBe(-7);
    expect(attributeOf(node, 'wide', 'int')).toBe(2 ** 60);
    expect(attributeOf(node, 'text', 'string')).toBe('BRANCH_LEQ');
    expect(attributeOf(node, 'floats', 'floats')).toEqual(Float32Array.of(1, -0.1));
    expect(attributeOf(node, 'ints', 'ints')).toEqual(Float64Array.of(3, -1, 2 ** 62));
    expect(attributeOf(node, 'texts', 'strings')).toEqual(['LEAF', 'BRANCH_LEQ', 'LEAF']);
    expect(attributeOf(node, 'tensor', 'tensor')).toMatchObject({ name: 'inner', data: Float32Array.of(1, 2) });
    expect(attributeOf(node, 'absent', 'int')).toBeUndefined();
    expect(() => attributeOf(node, 'int', 'float')).toThrow(/attribute int is of type int where float belongs/);
  });

  it('names free dimensions, and leaves out the input that an initializer fills', () => {
    expect(model.inputs).toEqual([{ name: 'x', type: 'float32', dims: ['batch', 3] }]);
    expect(model.outputs).toEqual([
      { name: 'y', type: 'float64', dims: null },
      { name: 'anything', type: null, dims: null },
    ]);
  });
});

const failure = (input: Uint8Array, options = {}) => {
  try {
    readOnnx(input, options);
  } catch (error) {
    return error as { name: string; code: string; message: string; remedy: string };
  }
  throw new Error('the file was read');
};
/** A protobuf field of bytes. */
const field = (number: number, content: readonly number[]): number[] => [
  number * 8 + 2,
  ...varint(content.length),
  ...content,
];
const varint = (x: number): number[] => (x < 128 ? [x] : [(x % 128) | 128, ...varint(Math.floor(x / 128))]);
const text = (s: string): number[] => [...new TextEncoder().encode(s)];
const model = (...graph: number[][]) => Uint8Array.from([8, 10, ...field(7, graph.flat())]);
const tensor = (...fields: number[][]) => model(field(5, fields.flat()));
/** A node of a graph whose attribute (field 5) holds other graphs, as `If` and `Loop` have them. */
const nested = (attribute: number, graph: readonly number[]): number[] =>
  field(1, [...field(4, text('If')), ...field(5, [...field(1, text('then_branch')), ...field(attribute, graph)])]);
const deep = (levels: number): number[] => (levels === 0 ? [] : nested(6, deep(levels - 1)));
const float2 = [[8, 2], [16, 1], field(8, text('w'))];

describe('bytes that are no such file are refused with MODEL_MALFORMED', () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ['empty', new Uint8Array(), /empty/],
    ['text', new TextEncoder().encode('{"learner": {}}'), /wire type|cut off|no graph|says/],
    ['no graph', Uint8Array.of(8, 10), /no graph/],
    ['two graphs', Uint8Array.from([8, 10, ...field(7, []), ...field(7, [])]), /second graph/],
    ['a length beyond the end', Uint8Array.of(8, 10, 0x3a, 127, 0), /127 bytes and 1 are left/],
    ['a huge length', Uint8Array.of(8, 10, 0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), /are left/],
    ['a negative length', Uint8Array.from([8, 10, 0x3a, ...Array<number>(9).fill(0xff), 1]), /are left/],
    ['a number without end', Uint8Array.from([8, ...Array<number>(12).fill(0xff)]), /more than 10 bytes/],
    ['field 0', Uint8Array.of(0, 1), /no field/],
    ['a group', Uint8Array.of(8, 10, 0x5b), /wire type 3/],
    ['an operator of another wire type', model(field(1, [32, 1])), /node 0: field 4 has the wire type 0/],
    ['a node without operator', model(field(1, field(3, text('n')))), /no operator/],
    ['a text that is not UTF-8', model(field(2, [0xff, 0xfe])), /not UTF-8/],
    [
      'dimensions that the bytes do not fill',
      tensor(...float2, field(9, [0, 0, 0, 0])),
      /w: 1 values where the dimensions say 2/,
    ],
    ['a list shorter than the dimensions', tensor(...float2, field(4, [0, 0, 0, 0])), /w: 1 values/],
    ['a ragged list', tensor(...float2, field(4, [0, 0, 0])), /3 bytes for numbers of 4/],
    ['a negative dimension', tensor([8, ...Array<number>(9).fill(0xff), 1], [16, 1]), /out of bounds/],
    [
      'dimensions beyond all memory',
      tensor([8, ...varint(2 ** 20)], [8, ...varint(2 ** 20)], [16, 1]),
      /out of bounds/,
    ],
    ['nine dimensions', tensor(...Array<number[]>(9).fill([8, 1]), [16, 1]), /limit of 8 dimensions/],
    ['graphs inside graphs without end', model(deep(40)), /limit of 32 graphs inside one another/],
    ['an initializer twice', model(field(5, [16, 1, 8, 0]), field(5, [16, 1, 8, 0])), /stands there twice/],
  ];
  it.each(cases)('%s', (_, input, message) => {
    const error = failure(input);
    expect(error).toMatchObject({ name: 'SignalboxError', code: 'MODEL_MALFORMED' });
    expect(error.message).toMatch(message);
    expect(error.remedy).not.toBe('');
  });
});

describe('what is not read is refused by name with MODEL_UNSUPPORTED', () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ['data in another file', tensor(...float2, field(13, [])), /w: data in another file/],
    ['a location outside', tensor(...float2, [0x70, 1]), /w: data in another file/],
    [
      'data in another file in a subgraph',
      model(nested(6, field(5, [...float2.flat(), ...field(13, [])]))),
      /node 0, attribute, subgraph, initializer w: data in another file/,
    ],
    [
      'the same, two graphs deep, in a list of graphs',
      model(nested(11, nested(6, field(5, [...float2.flat(), 0x70, 1])))),
      /subgraph, initializer w: data in another file/,
    ],
    [
      'the same, as a constant of a subgraph’s node',
      model(
        nested(
          6,
          field(1, [...field(4, text('Constant')), ...field(5, field(5, [...float2.flat(), ...field(13, [])]))]),
        ),
      ),
      /w: data in another file/,
    ],
    [
      'data in another file in a list of tensors',
      model(field(1, [...field(4, text('Any')), ...field(5, field(10, [...float2.flat(), ...field(13, [])]))])),
      /w: data in another file/,
    ],
    [
      'a sparse tensor as an attribute',
      model(field(1, [...field(4, text('Constant')), ...field(5, [0xb2, 1, 0])])),
      /sparse tensor/,
    ],
    ['float16', tensor([8, 2], [16, 10], field(9, [0, 0, 0, 0])), /element type 10/],
    ['a sparse initializer', model(field(15, [])), /sparse initializer/],
    ['functions', Uint8Array.from([8, 10, 0xca, 1, 0]), /functions of its own/],
    ['a pickle', Uint8Array.of(0x80, 4, 0x95), /pickle/],
    ['a zip of Stable-Baselines3', Uint8Array.from(text('PK\u0003\u0004')), /training\/convert\.py|pickle or archive/],
  ];
  it.each(cases)('%s', (_, input, message) => {
    expect(failure(input)).toMatchObject({ code: 'MODEL_UNSUPPORTED', message: expect.stringMatching(message) });
  });
});

it('a subgraph without such data is passed over: its node keeps it as an attribute of another kind', () => {
  const bytes = model(nested(6, field(5, [...float2.flat(), ...field(9, [0, 0, 0, 0, 0, 0, 0, 0])])));
  const opset = Uint8Array.from([...bytes, ...field(8, [16, 17])]);
  expect(readOnnx(opset).nodes[0]!.attributes.get('then_branch')).toEqual({ type: 'other', value: 'graph' });
});

describe('hostile files cost bounded time and memory', () => {
  it('a file above the limit is refused before it is read', () => {
    expect(failure(bytes, { maxBytes: bytes.length - 1 }).message).toMatch(/the limit is/);
  });
  it('millions of empty messages are refused at the limit', () => {
    const flood = new Uint8Array(6_000_002);
    flood.set([8, 10]);
    // opset_import, empty
    for (let i = 2; i < flood.length; i += 2) flood[i] = 0x42;
    const start = performance.now();
    expect(failure(flood).message).toMatch(/limit of 1048576 messages/);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

it('every truncation is refused with a code, but at the ends of fields that follow graph and operator set', () => {
  let read = 0;
  for (let length = 0; length < bytes.length; length++)
    try {
      readOnnx(bytes.subarray(0, length));
      read++;
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^MODEL_(MALFORMED|UNSUPPORTED)$/) });
    }
  expect(read).toBeLessThan(4);
});

it('3,000 files with a few bytes changed: a coded error or a model, nothing else', () => {
  let state = 1;
  const random = (below: number) => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 8) % below;
  let read = 0;
  for (let i = 0; i < 3_000; i++) {
    const changed = bytes.slice();
    for (let k = random(4); k >= 0; k--) changed[random(changed.length)] = random(256);
    try {
      expect(readOnnx(changed).nodes.length).toBeLessThan(100);
      read++;
    } catch (error) {
      expect(error).toMatchObject({
        name: 'SignalboxError',
        code: expect.stringMatching(/^MODEL_(MALFORMED|UNSUPPORTED)$/),
      });
    }
  }
  // the check would be empty if every mutant failed
  expect(read).toBeGreaterThan(300);
});
