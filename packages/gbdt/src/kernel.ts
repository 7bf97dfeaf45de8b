/** What the inner loop needs to know of a forest of complete trees. */
export interface Layout {
  readonly depth: number;
  /** Bits of a word below its slot. */
  readonly shift: number;
  readonly slots: number;
  readonly words: Int32Array;
  readonly leaves: Float32Array | Float64Array;
}

/** The same sums as the loop in TypeScript gives, faster. */
export interface Kernel {
  /** Where a row's words go, by slot. */
  readonly values: Int32Array;
  /** Adds the leaves of the trees from `first` up to `end`, in order, to `base`. */
  sum(first: number, end: number, base: number): number;
}

// the few names of WebAssembly that are used; the compiler is told of neither browser nor Node
interface Instance {
  readonly exports: { readonly sum: (first: number, end: number, base: number) => number };
}
declare const WebAssembly:
  | {
      Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
      Module: new (bytes: Uint8Array) => object;
      Instance: new (module: object, imports: object) => Instance;
    }
  | undefined;

export const LANES = 4;
const PAGE = 65_536;

/**
 * Compiles the walk to WebAssembly: no bounds checks, every level and lane unrolled. Null where that is not allowed (a page whose content
 * policy has no `wasm-unsafe-eval`) or not possible; the caller has the loop in TypeScript.
 */
export function compileKernel({ depth, shift, slots, words, leaves }: Layout): Kernel | null {
  if (depth === 0 || shift < 2 || typeof WebAssembly === 'undefined') return null;
  const wordsAt = align(4 * slots);
  // words take as many cells as leaves: one tree back from the first leaf is still inside the memory
  const leavesAt = align(wordsAt + Math.max(words.byteLength, 8 * 2 ** depth));
  const size = leavesAt + leaves.byteLength;
  try {
    const pages = Math.ceil(size / PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    new Int32Array(memory.buffer, wordsAt, words.length).set(words);
    const single = leaves instanceof Float32Array;
    if (single) new Float32Array(memory.buffer, leavesAt, leaves.length).set(leaves);
    else new Float64Array(memory.buffer, leavesAt, leaves.length).set(leaves);
    const code = moduleOf(walk(depth, shift, wordsAt, leavesAt, single));
    const { sum } = new WebAssembly.Instance(new WebAssembly.Module(code), { m: { m: memory } }).exports;
    const stride = 4 * 2 ** depth;
    return {
      values: new Int32Array(memory.buffer, 0, slots),
      sum: (first, end, base) => sum(first * stride, end * stride, base),
    };
  } catch {
    return null;
  }
}

function align(offset: number): number {
  return Math.ceil(offset / 64) * 64;
}

const I32 = 0x7f;
const F64 = 0x7c;
const op = {
  loop: 0x03,
  end: 0x0b,
  brIf: 0x0d,
  block: 0x02,
  get: 0x20,
  set: 0x21,
  tee: 0x22,
  load: 0x28,
  f32load: 0x2a,
  f64load: 0x2b,
  const: 0x41,
  lessUnsigned: 0x49,
  greaterEqualUnsigned: 0x4f,
  add: 0x6a,
  sub: 0x6b,
  shl: 0x74,
  shr: 0x76,
  f64add: 0xa0,
  demote: 0xb6,
  promote: 0xbb,
} as const;

/** Body of `sum(tree, end, total)`; trees by the byte offset of their words. Locals after these: a node per lane, and a word. */
function walk(depth: number, shift: number, wordsAt: number, leavesAt: number, single: boolean): number[] {
  const [tree, end, total] = [0, 1, 2];
  const node = (lane: number): number => 3 + lane;
  const word = 3 + LANES;
  const width = 2 ** depth;
  const code: number[] = [
    op.block,
    0x40,
    op.get,
    tree,
    op.get,
    end,
    op.greaterEqualUnsigned,
    op.brIf,
    0,
    op.loop,
    0x40,
  ];
  for (let level = 0; level < depth; level++)
    for (let lane = 0; lane < LANES; lane++) {
      const offset = wordsAt + 4 * lane * width;
      // 2 · node, below the comparison's bit
      if (level === 0) code.push(op.const, 2, op.get, tree, ...memory(op.load, 2, offset + 4));
      else {
        code.push(op.get, node(lane), op.const, 1, op.shl);
        code.push(op.get, tree, op.get, node(lane), op.const, 2, op.shl, op.add, ...memory(op.load, 2, offset));
      }
      // words leave the two bits below the slot free, so that the shift gives the slot's byte
      code.push(op.tee, word, op.const, shift - 2, op.shr, ...memory(op.load, 2, 0));
      code.push(op.get, word, op.sub, op.const, 31, op.shr, op.add, op.set, node(lane));
    }
  code.push(op.get, total);
  for (let lane = 0; lane < LANES; lane++) {
    const bytes = single ? 4 : 8;
    const offset = leavesAt + bytes * (lane - 1) * width;
    code.push(op.get, tree, ...(single ? [] : [op.const, 1, op.shl]));
    code.push(op.get, node(lane), op.const, single ? 2 : 3, op.shl, op.add);
    if (single) code.push(...memory(op.f32load, 2, offset), op.promote, op.f64add, op.demote, op.promote);
    else code.push(...memory(op.f64load, 3, offset), op.f64add);
  }
  code.push(op.set, total);
  code.push(op.get, tree, op.const, ...signed(4 * LANES * width), op.add, op.tee, tree);
  code.push(op.get, end, op.lessUnsigned, op.brIf, 0, op.end, op.end, op.get, total, op.end);
  return code;
}

function memory(operation: number, alignment: number, offset: number): number[] {
  return [operation, alignment, ...unsigned(offset)];
}

/** A module that imports its memory as m.m and exports one function, `sum`. */
function moduleOf(body: readonly number[]): Uint8Array {
  const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content];
  const code = [1, LANES + 1, I32, ...body];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 3, I32, I32, F64, 1, F64]),
    ...section(2, [1, 1, 0x6d, 1, 0x6d, 2, 0, 0]),
    ...section(3, [1, 0]),
    ...section(7, [1, 3, 0x73, 0x75, 0x6d, 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    const low = rest % 128;
    if (rest < 128) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const low = rest & 0x7f;
    if (rest >> 7 === 0 && (low & 0x40) === 0) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}
