import { TANH } from './tanh.js';
import { code, F64_BYTES, moduleOf, op, signed, simd, unsigned } from './wasm.js';

/** Applied to each output of a layer, one rounding to float32 after each. */
export type Each =
  | { readonly op: 'Tanh' }
  | { readonly op: 'Relu' }
  | { readonly op: 'Add'; readonly constant: (output: number) => number };

/** y = x·W + b with constant W and b. */
export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weight: (output: number, input: number) => number;
  readonly bias: (output: number) => number;
}

/** Layers behind one another as one function: the same bits as the loops in TypeScript give, faster. */
export interface Kernel {
  /** The row, already rounded to float32. */
  readonly input: Float64Array;
  readonly output: Float64Array;
  run(): void;
}

// the few names of WebAssembly that are used; the compiler is told of neither browser nor Node
declare const WebAssembly:
  | {
      Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
      Module: new (bytes: Uint8Array) => object;
      Instance: new (module: object, imports: object) => { readonly exports: { readonly run: () => void } };
    }
  | undefined;

/** Vectors of two outputs that are summed side by side: as many as stay in registers. */
const TILE = 8;
const LANES = 2;
const VECTOR = LANES * F64_BYTES;
const PAGE = 65_536;

/** Where the constants lie that every vector needs; each twice. Loading one is cheaper than making it. */
const CONSTANTS = [TANH.limit, -TANH.limit, 2, TANH.log2e, TANH.magic, TANH.ln2, 1, 0, ...TANH.series] as const;
const constantAt = (x: number): number => VECTOR * CONSTANTS.indexOf(x);

/**
 * Compiles layers to WebAssembly. Sums are of doubles in the order of the inputs, as in TypeScript, two outputs an instruction; each sum
 * and each result of `each` is rounded to float32. Null where WebAssembly is not allowed (a page whose content policy has no
 * `wasm-unsafe-eval`) or not possible.
 */
export function compileKernel(layers: readonly (readonly [Layer, readonly Each[]])[]): Kernel | null {
  if (typeof WebAssembly === 'undefined' || layers.length === 0) return null;
  if (layers.some(([{ inputs, outputs }]) => inputs === 0 || outputs === 0)) return null;
  const vectors = (width: number): number => Math.ceil(width / LANES);
  let end = VECTOR * CONSTANTS.length;
  const take = (bytes: number): number => {
    const at = end;
    end += bytes;
    return at;
  };
  const inputAt = take(VECTOR * vectors(layers[0]![0].inputs));
  const buffers = layers.map(([{ outputs }]) => take(VECTOR * vectors(outputs)));
  const places = layers.map(([{ inputs, outputs }, each]) => ({
    weights: take(VECTOR * vectors(outputs) * (inputs + 1)),
    added: each.map((part) => (part.op === 'Add' ? take(VECTOR * vectors(outputs)) : 0)),
  }));
  try {
    const pages = Math.ceil(end / PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const numbers = new Float64Array(memory.buffer);
    CONSTANTS.forEach((x, i) => numbers.fill(x, LANES * i, LANES * (i + 1)));
    const body: number[] = [];
    layers.forEach(([layer, each], i) => {
      const { weights, added } = places[i]!;
      pack(layer, numbers, weights / F64_BYTES);
      each.forEach((part, k) => {
        if (part.op !== 'Add') return;
        for (let o = 0; o < layer.outputs; o++) numbers[added[k]! / F64_BYTES + o] = part.constant(o);
      });
      const from = i === 0 ? inputAt : buffers[i - 1]!;
      body.push(...layerCode(layer, each, { from, to: buffers[i]!, weights, added }));
    });
    body.push(op.end);
    const module = new WebAssembly.Module(moduleOf(code([3, TILE + 4], body)));
    const { run } = new WebAssembly.Instance(module, { m: { m: memory } }).exports;
    return {
      input: new Float64Array(memory.buffer, inputAt, layers[0]![0].inputs),
      output: new Float64Array(memory.buffer, buffers.at(-1), layers.at(-1)![0].outputs),
      run,
    };
  } catch {
    return null;
  }
}

/** Biases, then the weights of each input, tile by tile: in the order in which they are read. The last vector is padded with zeros. */
function pack({ inputs, outputs, weight, bias }: Layer, into: Float64Array, start: number): void {
  let at = start;
  for (let first = 0; first < outputs; first += TILE * LANES) {
    const end = Math.min(first + TILE * LANES, Math.ceil(outputs / LANES) * LANES);
    for (let i = -1; i < inputs; i++)
      for (let o = first; o < end; o++) into[at++] = o >= outputs ? 0 : i < 0 ? bias(o) : weight(o, i);
  }
}

// locals: where weights are read, where the input is read, where the outputs are written; then vectors
const [WEIGHT, INPUT, OUTPUT] = [0, 1, 2];
const sum = (k: number): number => 3 + k;
/** The input, twice; during tanh the shifted exponent. */
const SPLAT = 3 + TILE;
const [REST, POWER, SERIES] = [SPLAT + 1, SPLAT + 2, SPLAT + 3];

interface Places {
  readonly from: number;
  readonly to: number;
  readonly weights: number;
  readonly added: readonly number[];
}

function layerCode({ inputs, outputs }: Layer, each: readonly Each[], places: Places): number[] {
  const vectors = Math.ceil(outputs / LANES);
  const whole = Math.floor(vectors / TILE);
  const rest = vectors % TILE;
  const move = (local: number, by: number): number[] => [op.get, local, op.const, ...signed(by), op.add];
  const tile = (count: number): number[] => {
    const steps: number[] = [];
    for (let k = 0; k < count; k++) steps.push(op.get, WEIGHT, ...at(simd.load, VECTOR * k), op.set, sum(k));
    steps.push(...move(WEIGHT, VECTOR * count), op.set, WEIGHT);
    steps.push(op.const, ...signed(places.from), op.set, INPUT, op.loop, 0x40);
    steps.push(op.get, INPUT, ...simd.loadTwice, 3, 0, op.set, SPLAT);
    for (let k = 0; k < count; k++)
      steps.push(
        ...[op.get, sum(k), op.get, SPLAT, op.get, WEIGHT, ...at(simd.load, VECTOR * k)],
        ...[...simd.mul, ...simd.add, op.set, sum(k)],
      );
    steps.push(...move(WEIGHT, VECTOR * count), op.set, WEIGHT, ...move(INPUT, F64_BYTES), op.tee, INPUT);
    steps.push(op.const, ...signed(places.from + F64_BYTES * inputs), op.lessUnsigned, op.brIf, 0, op.end);
    for (let k = 0; k < count; k++) {
      steps.push(op.get, sum(k), ...ROUND, op.set, sum(k));
      each.forEach((part, e) => steps.push(...eachCode(part, k, places.added[e]! - places.to)));
      steps.push(op.get, OUTPUT, op.get, sum(k), ...at(simd.store, VECTOR * k));
    }
    return [...steps, ...move(OUTPUT, VECTOR * count), op.set, OUTPUT];
  };
  return [
    ...[op.const, ...signed(places.weights), op.set, WEIGHT, op.const, ...signed(places.to), op.set, OUTPUT],
    ...(whole > 0
      ? [
          ...[op.loop, 0x40, ...tile(TILE), op.get, OUTPUT],
          ...[op.const, ...signed(places.to + VECTOR * TILE * whole), op.lessUnsigned, op.brIf, 0, op.end],
        ]
      : []),
    ...(rest > 0 ? tile(rest) : []),
  ];
}

/** To float32 and back. */
const ROUND = [...simd.demote, ...simd.promote];

function at(operation: readonly number[], offset: number): number[] {
  return [...operation, 4, ...unsigned(offset)];
}

function known(x: number): number[] {
  return [op.const, 0, ...at(simd.load, constantAt(x))];
}

/** One operation on the vector `sum(k)`; `ahead` is how far behind the output the constants lie that are added. */
function eachCode(part: Each, k: number, ahead: number): number[] {
  const get = [op.get, sum(k)];
  const set = [...ROUND, op.set, sum(k)];
  // pmax(x, 0) is x < 0 ? 0 : x
  if (part.op === 'Relu') return [...get, ...known(0), ...simd.pmax, op.set, sum(k)];
  if (part.op === 'Add') return [...get, op.get, OUTPUT, ...at(simd.load, ahead + VECTOR * k), ...simd.add, ...set];
  const [first, ...others] = TANH.series;
  return [
    ...[...get, ...known(-TANH.limit), ...simd.pmax, ...known(TANH.limit), ...simd.pmin],
    ...[...known(2), ...simd.mul, op.tee, sum(k)],
    ...[...known(TANH.log2e), ...simd.mul, ...known(TANH.magic), ...simd.add, op.tee, SPLAT],
    ...[...known(TANH.magic), ...simd.sub, op.set, REST],
    // the whole number's last bits, moved into the exponent of 1
    ...[op.get, SPLAT, op.const, ...signed(52), ...simd.shl, ...known(1), ...simd.addWhole, op.set, POWER],
    ...[...get, op.get, REST, ...known(TANH.ln2), ...simd.mul, ...simd.sub, op.set, REST],
    ...known(first!),
    ...others.flatMap((x) => [op.get, REST, ...simd.mul, ...known(x), ...simd.add]),
    ...[op.get, REST, ...simd.mul, op.get, POWER, ...simd.mul],
    ...[op.get, POWER, ...known(1), ...simd.sub, ...simd.add, op.tee, SERIES],
    ...[op.get, SERIES, ...known(2), ...simd.add, ...simd.div, ...set],
  ];
}
