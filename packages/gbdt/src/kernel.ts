import type { CompiledRanks, RankLayout } from './ranker.js';

/** What the inner loop needs to know of a forest of complete trees. */
export interface Layout {
  readonly depth: number;
  readonly trees: number;
  readonly ranks: RankLayout;
  /** Level by level, on each level tree by tree. */
  readonly words: Int32Array;
  /** Tree by tree. */
  readonly leaves: Float32Array | Float64Array;
}

/** The same sums as the loop in TypeScript gives, faster. */
export interface Kernel extends CompiledRanks {
  /** Where the words of ROWS rows go, by slot, then by row. */
  readonly values: Int32Array;
  /** Adds the leaves of the trees from `first` up to `end`, in order, to `base`: for the first row of `values`. */
  sum(first: number, end: number, base: number): number;
  /** The same for all ROWS rows at once, into `sums`. */
  sumRows(first: number, end: number, base: number): void;
  readonly sums: Float64Array;
}

// the few names of WebAssembly that are used; the compiler is told of neither browser nor Node
interface Instance {
  readonly exports: {
    readonly one: (first: number, end: number, base: number) => number;
    readonly rows: (first: number, end: number, base: number) => void;
    readonly rank: (to: number) => number;
  };
}
declare const WebAssembly:
  | {
      Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
      Module: new (bytes: Uint8Array) => object;
      Instance: new (module: object, imports: object) => Instance;
    }
  | undefined;

/** Trees that are walked side by side for one row. */
export const LANES = 4;
/** Rows that are walked side by side through each tree, in vectors of eight. */
export const ROWS = 8;
const VECTOR = 8;
const PARTS = ROWS / VECTOR;
/** A slot's values of ROWS rows lie side by side: 2 ** SLOT_SHIFT bytes, and its 16-bit ranks half as many. */
const SLOT_SHIFT = 5;
const RANK_SHIFT = 4;
/** Levels whose nodes are all compared: 7 nodes by vectors cost less than 3 by rows. */
const VECTOR_LEVELS = 3;
/** Vectors hold ranks as 16 bits, the highest being that of a missing value; and their ranks are laid out slot by slot. */
const MAX_VECTOR_RANK = 0xfffe;
const MAX_VECTOR_SLOTS = 1024;
/** Steps of binary searches that are unrolled; a model with more has its values ranked in TypeScript. */
const MAX_RANK_STEPS = 4096;
/** Searches that run side by side. */
const SEARCHES = 4;
const PAGE = 65_536;

/**
 * Compiles the walk to WebAssembly: no bounds checks, every level and lane unrolled. Null where that is not allowed (a page whose content
 * policy has no `wasm-unsafe-eval`) or not possible; the caller has the loop in TypeScript.
 */
export function compileKernel({ depth, trees, ranks, words, leaves }: Layout): Kernel | null {
  const { shift, slots, single, used } = ranks;
  if (depth === 0 || shift < SLOT_SHIFT || typeof WebAssembly === 'undefined') return null;
  const bytes = single ? 4 : 8;
  const steps = used.map(({ thresholds }) => Math.ceil(Math.log2(thresholds.length + 1)));
  const withRanks = steps.reduce((sum, count) => sum + count, 0) <= MAX_RANK_STEPS;
  const narrow = slots <= MAX_VECTOR_SLOTS && used.every(({ thresholds }) => thresholds.length <= MAX_VECTOR_RANK);
  const together = narrow ? Math.min(VECTOR_LEVELS, depth) : 0;
  const ranksAt = align(4 * slots * ROWS);
  const sumsAt = align(ranksAt + (together > 0 ? 2 * slots * ROWS : 0));
  const inputsAt = align(sumsAt + 8 * ROWS);
  const thresholdsAt = align(inputsAt + 8 * used.length);
  const thresholds = withRanks ? steps.reduce((sum, count) => sum + 2 ** count, 0) : 0;
  const wordsAt = align(thresholdsAt + bytes * thresholds);
  const leavesAt = align(wordsAt + words.byteLength);
  const size = leavesAt + leaves.byteLength;
  try {
    const pages = Math.ceil(size / PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const numbers = (at: number, length: number): Float32Array | Float64Array =>
      single ? new Float32Array(memory.buffer, at, length) : new Float64Array(memory.buffer, at, length);
    new Int32Array(memory.buffer, wordsAt, words.length).set(words);
    numbers(leavesAt, leaves.length).set(leaves);
    const places = { depth, together, trees, shift, slots, ranksAt, wordsAt, leavesAt, sumsAt, single };
    let rankCode: Code = { locals: [], body: [op.const, 0, op.end] };
    if (withRanks) {
      // NaN is above every value
      const table = numbers(thresholdsAt, thresholds).fill(NaN);
      let at = 0;
      used.forEach((feature, i) => {
        table.set(feature.thresholds, at);
        at += 2 ** steps[i]!;
      });
      rankCode = rankValues(ranks, steps, inputsAt, thresholdsAt);
    }
    const module = new WebAssembly.Module(moduleOf(walkTrees(places), walkRows(places), rankCode));
    const { one, rows, rank } = new WebAssembly.Instance(module, { m: { m: memory } }).exports;
    return {
      values: new Int32Array(memory.buffer, 0, slots * ROWS),
      stride: ROWS,
      inputs: withRanks ? new Float64Array(memory.buffer, inputsAt, used.length) : null,
      rank: (row) => rank(4 * row) === 1,
      sums: new Float64Array(memory.buffer, sumsAt, ROWS),
      sum: one,
      sumRows: rows,
    };
  } catch {
    return null;
  }
}

function align(offset: number): number {
  return Math.ceil(offset / 64) * 64;
}

const I32 = 0x7f;
const F32 = 0x7d;
const F64 = 0x7c;
const V128 = 0x7b;
/** Instructions on vectors, of eight 16-bit or four 32-bit integers. */
const simd = {
  load: [0xfd, 0x00],
  store: [0xfd, 0x0b],
  const: [0xfd, 0x0c],
  splat16: [0xfd, 0x10],
  splat32: [0xfd, 0x11],
  lane32: [0xfd, 0x1b],
  less16: [0xfd, 0x30],
  and: [0xfd, 0x4e],
  select: [0xfd, 0x52],
  narrow: [0xfd, 0x86, 0x01],
  shl16: [0xfd, 0x8b, 0x01],
  add16: [0xfd, 0x8e, 0x01],
  widenLow: [0xfd, 0xa7, 0x01],
  widenHigh: [0xfd, 0xa8, 0x01],
  sub32: [0xfd, 0xb1, 0x01],
} as const;
/** The low halves of four integers. */
const LOW_HALVES = [...simd.const, ...Array.from({ length: 16 }, (_, i) => (i % 4 < 2 ? 0xff : 0))];
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
  store: 0x36,
  f64store: 0x39,
  const: 0x41,
  f32gt: 0x5e,
  f32ge: 0x60,
  f64gt: 0x64,
  f64ge: 0x66,
  f64eq: 0x61,
  f64le: 0x65,
  f64abs: 0x99,
  f64const: 0x44,
  choose: 0x1b,
  and: 0x71,
  lessUnsigned: 0x49,
  greaterEqualUnsigned: 0x4f,
  add: 0x6a,
  sub: 0x6b,
  or: 0x72,
  shl: 0x74,
  shr: 0x76,
  f32add: 0x92,
  f64add: 0xa0,
  demote: 0xb6,
  promote: 0xbb,
} as const;

interface Places {
  readonly depth: number;
  /** Levels that are taken by vectors. */
  readonly together: number;
  readonly trees: number;
  readonly shift: number;
  readonly slots: number;
  /** Of the ranks of ROWS rows as 16 bits, by slot, then by row. */
  readonly ranksAt: number;
  readonly wordsAt: number;
  readonly leavesAt: number;
  readonly sumsAt: number;
  /** Leaves and sums are float32. */
  readonly single: boolean;
}

/** A function's body and its locals, by type, after the parameters. */
interface Code {
  readonly locals: readonly (readonly [count: number, type: number])[];
  readonly body: readonly number[];
}
/** Parameters of both walks: the first tree, the end, and the base. */
const [TREE, END, BASE] = [0, 1, 2];

/** `one(tree, end, base)`: four trees side by side for the first row. */
function walkTrees(places: Places): Code {
  const { leavesAt, single } = places;
  const node = (lane: number): number => 3 + lane;
  const word = 3 + LANES;
  const total = word + 1;
  const steps: number[] = [];
  for (let level = 0; level < places.depth; level++)
    for (let lane = 0; lane < LANES; lane++) {
      const [from, ahead] = level === 0 ? [TREE, lane] : [node(lane), 0];
      steps.push(op.get, from, op.const, 1, op.shl, ...wordOf(places, level, from, ahead), op.tee, word);
      steps.push(...goesLeft(places, word, 0), op.add, ...(ahead > 0 ? [op.const, 2 * ahead, op.add] : []));
      steps.push(op.set, node(lane));
    }
  steps.push(op.get, total);
  for (let lane = 0; lane < LANES; lane++) steps.push(...addLeaf(node(lane), leavesAt, single));
  steps.push(op.set, total);
  return {
    locals: [
      [LANES + 1, I32],
      [1, single ? F32 : F64],
    ],
    body: [
      ...[op.get, BASE, ...(single ? [op.demote] : []), op.set, total],
      ...forTrees(LANES, steps),
      ...[op.get, total, ...(single ? [op.promote] : []), op.end],
    ],
  };
}

/**
 * `rows(tree, end, base)`: one tree after another, ROWS rows side by side. On the first levels all nodes are compared, eight rows an
 * instruction, and each row takes the answer of its own node; further down each row looks at its node only.
 */
function walkRows(places: Places): Code {
  const { leavesAt, sumsAt, single, depth, together } = places;
  const widest = together > 0 ? 2 ** (together - 1) : 0;
  const node = (row: number): number => 3 + row;
  const word = 3 + ROWS;
  const slot = (at: number): number => word + 1 + at;
  const total = (row: number): number => slot(widest) + row;
  const splat = (at: number): number => total(ROWS) + at;
  const wentLeft = (level: number, part: number): number => splat(widest) + PARTS * level + part;
  const steps: number[] = [];

  /** The answers of the nodes of `level` below node `at` of the level `above`, by row. */
  const answers = (level: number, above: number, at: number, part: number): number[] =>
    above === level
      ? [op.get, slot(at), ...memory(simd.load, 4, places.ranksAt + 16 * part), op.get, splat(at), ...simd.less16]
      : [
          ...answers(level, above + 1, 2 * at + 1, part),
          ...answers(level, above + 1, 2 * at, part),
          ...[op.get, wentLeft(above, part), ...simd.select],
        ];
  for (let level = 0; level < together; level++) {
    for (let at = 0; at < 2 ** level; at++) {
      steps.push(op.get, TREE, op.const, level, op.shl, op.set, word, ...wordOf(places, level, word, at), op.tee, word);
      steps.push(...slotOf(places, RANK_SHIFT), op.set, slot(at), op.get, word, ...simd.splat16, op.set, splat(at));
    }
    for (let part = 0; part < PARTS; part++) steps.push(...answers(level, 0, 0, part), op.set, wentLeft(level, part));
  }
  for (let part = 0; part < PARTS && together > 0; part++) {
    // an answer is −1 or 0: the node is 2 ** together trees, less what the answers make as a binary number
    const at = wentLeft(0, part);
    for (let level = 1; level < together; level++)
      steps.push(op.get, at, op.const, 1, ...simd.shl16, op.get, wentLeft(level, part), ...simd.add16, op.set, at);
    for (const [half, widen] of [simd.widenLow, simd.widenHigh].entries()) {
      const four = splat(0);
      steps.push(op.get, TREE, op.const, together, op.shl, ...simd.splat32);
      steps.push(op.get, at, ...widen, ...simd.sub32, op.set, four);
      for (let lane = 0; lane < 4; lane++)
        steps.push(op.get, four, ...simd.lane32, lane, op.set, node(VECTOR * part + 4 * half + lane));
    }
  }
  for (let level = together; level < depth; level++)
    for (let row = 0; row < ROWS; row++) {
      const from = level === 0 ? TREE : node(row);
      steps.push(op.get, from, op.const, 1, op.shl, ...wordOf(places, level, from, 0), op.tee, word);
      steps.push(...goesLeft(places, word, row), op.add, op.set, node(row));
    }
  for (let row = 0; row < ROWS; row++)
    steps.push(op.get, total(row), ...addLeaf(depth === 0 ? TREE : node(row), leavesAt, single), op.set, total(row));
  const body: number[] = together > 0 ? narrowRanks(places) : [];
  for (let row = 0; row < ROWS; row++) body.push(op.get, BASE, ...(single ? [op.demote] : []), op.set, total(row));
  body.push(...forTrees(1, steps));
  for (let row = 0; row < ROWS; row++) {
    body.push(op.const, 0, op.get, total(row), ...(single ? [op.promote] : []));
    body.push(...memory(op.f64store, 3, sumsAt + 8 * row));
  }
  body.push(op.end);
  return {
    locals: [
      [ROWS + 1 + widest, I32],
      [ROWS, single ? F32 : F64],
      [widest + PARTS * together, V128],
    ],
    body,
  };
}

/** Writes the ranks of all rows as 16 bits: a word's low half, because all words of a slot agree above it. */
function narrowRanks({ slots, ranksAt }: Places): number[] {
  const body: number[] = [];
  for (let at = 0; at < slots * PARTS; at++) {
    body.push(op.const, 0);
    for (const half of [0, 1])
      body.push(op.const, 0, ...memory(simd.load, 4, 32 * at + 16 * half), ...LOW_HALVES, ...simd.and);
    body.push(...simd.narrow, ...memory(simd.store, 4, ranksAt + 16 * at));
  }
  return body;
}

/** Runs the steps while TREE is below END, which then moves on by so many trees. */
function forTrees(trees: number, steps: readonly number[]): number[] {
  return [
    ...[op.block, 0x40, op.get, TREE, op.get, END, op.greaterEqualUnsigned, op.brIf, 0, op.loop, 0x40],
    ...steps,
    ...[op.get, TREE, op.const, ...signed(trees), op.add, op.tee, TREE],
    ...[op.get, END, op.lessUnsigned, op.brIf, 0, op.end, op.end],
  ];
}

/** The word of a node, by its number on the level. */
function wordOf({ trees, wordsAt }: Places, level: number, node: number, ahead: number): number[] {
  return [op.get, node, op.const, 2, op.shl, ...memory(op.load, 2, wordsAt + 4 * (trees * (2 ** level - 1) + ahead))];
}

/** From the word on the stack to the first byte of its slot's values, or ranks. */
function slotOf({ shift }: Places, width = SLOT_SHIFT): number[] {
  // words leave the bits below the slot free, so that the shift gives the byte
  return [op.const, shift - width, op.shr];
}

/** From the word on the stack to 1 when the row goes left, else 0. */
function goesLeft(places: Places, word: number, row: number): number[] {
  return [...slotOf(places), ...memory(op.load, 2, 4 * row), op.get, word, op.sub, op.const, 31, op.shr];
}

/** Adds a leaf to the sum on the stack. */
function addLeaf(node: number, leavesAt: number, single: boolean): number[] {
  return single
    ? [op.get, node, op.const, 2, op.shl, ...memory(op.f32load, 2, leavesAt), op.f32add]
    : [op.get, node, op.const, 3, op.shl, ...memory(op.f64load, 3, leavesAt), op.f64add];
}

/**
 * `rank(row)`: how many thresholds of its feature send each input right, written with each of its slots; 1 when no input is missing,
 * else 0 and what was written means nothing. A binary search whose comparison is a number, not a branch.
 */
function rankValues(ranks: RankLayout, steps: readonly number[], inputsAt: number, thresholdsAt: number): Code {
  const { single, closed, shift, used, zero } = ranks;
  const scale = single ? 2 : 3;
  const bytes = 2 ** scale;
  const load = single ? op.f32load : op.f64load;
  const there = 1 + 2 * SEARCHES;
  const given = there + 1;
  const above = single ? (closed ? op.f32gt : op.f32ge) : closed ? op.f64gt : op.f64ge;
  const low = (search: number): number => 1 + search;
  const input = (search: number): number => 1 + SEARCHES + search;
  const body: number[] = [op.const, 1, op.set, there];
  let table = thresholdsAt;
  for (let first = 0; first < used.length; first += SEARCHES) {
    const group = used.slice(first, first + SEARCHES).map((feature, search) => {
      const count = steps[first + search]!;
      const at = table;
      table += bytes * 2 ** count;
      body.push(op.const, 0, ...memory(op.f64load, 3, inputsAt + 8 * (first + search)), op.set, given);
      body.push(op.get, given, op.get, given, op.f64eq, op.get, there, op.and, op.set, there);
      if (zero > 0) {
        body.push(op.f64const, ...eightBytes(0), op.get, given);
        body.push(op.get, given, op.f64abs, op.f64const, ...eightBytes(zero), op.f64le, op.choose);
      } else body.push(op.get, given);
      body.push(...(single ? [op.demote] : []), op.set, input(search));
      body.push(op.const, 0, op.set, low(search));
      return { ...feature, count, at };
    });
    for (let step = Math.max(...group.map(({ count }) => count)) - 1; step >= 0; step--)
      group.forEach(({ count, at }, search) => {
        if (step >= count) return;
        body.push(op.get, input(search), op.get, low(search), ...memory(load, scale, at + bytes * (2 ** step - 1)));
        body.push(above, op.const, step + scale, op.shl, op.get, low(search), op.add, op.set, low(search));
      });
    group.forEach(({ from, to }, search) => {
      for (let slot = from; slot < to; slot++) {
        body.push(op.get, 0, op.get, low(search), op.const, scale, op.shr);
        body.push(op.const, ...signed(slot * 2 ** shift), op.or, ...memory(op.store, 2, 4 * ROWS * slot));
      }
    });
  }
  body.push(op.get, there, op.end);
  return {
    locals: [
      [SEARCHES, I32],
      [SEARCHES, single ? F32 : F64],
      [1, I32],
      [1, F64],
    ],
    body,
  };
}

function eightBytes(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value, true);
  return new Uint8Array(view.buffer);
}

function memory(operation: number | readonly number[], alignment: number, offset: number): number[] {
  return [...(typeof operation === 'number' ? [operation] : operation), alignment, ...unsigned(offset)];
}

/** A module that imports its memory as m.m and exports the functions `one`, `rows` and `rank`. */
function moduleOf(one: Code, rows: Code, rank: Code): Uint8Array {
  const section = (id: number, content: readonly number[]): number[] =>
    [id, ...unsigned(content.length)].concat(content);
  const code = ({ locals, body }: Code): number[] => {
    const content = [locals.length, ...locals.flat()].concat(body);
    return unsigned(content.length).concat(content);
  };
  const name = (text: string): number[] => [text.length, ...Array.from(text, (letter) => letter.charCodeAt(0))];
  return Uint8Array.from(
    [
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, [3, 0x60, 3, I32, I32, F64, 1, F64, 0x60, 3, I32, I32, F64, 0, 0x60, 1, I32, 1, I32]),
      ...section(2, [1, ...name('m'), ...name('m'), 2, 0, 0]),
      ...section(3, [3, 0, 1, 2]),
      ...section(7, [3, ...name('one'), 0, 0, ...name('rows'), 0, 1, ...name('rank'), 0, 2]),
    ].concat(section(10, [3].concat(code(one), code(rows), code(rank)))),
  );
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
