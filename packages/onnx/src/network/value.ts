import { attributeOf, describeNode } from '../attributes.js';
import { malformed, unsupported } from '../model-error.js';
import type { OnnxNode } from '../model.js';
import type { Part } from './fuse.js';

/** A tensor during evaluation of one row: its memory stays, its numbers change. */
export interface Value {
  readonly dims: readonly number[];
  /** 32-bit floats, or whole numbers (shapes, axes) as doubles. */
  readonly data: Float32Array | Float64Array;
  readonly integer: boolean;
  /** Known at load. */
  readonly constant: boolean;
}

/** What an operator becomes at load. Views of an input and what was computed at load have nothing to run. */
export interface Compiled {
  readonly outputs: readonly Value[];
  readonly run?: () => void;
  /** The same for the kernel, where it can do it. */
  readonly part?: Part;
}

/** Makes an operator ready for inputs of known shape; an optional input that is left out is undefined. */
export type Build = (node: Node) => Compiled;

/** Numbers that a network holds together: values, weights as often as they are used, and places in other values. */
const MAX_CELLS = 1 << 24;

/** A node with its inputs, and the questions that operators ask. */
export class Node {
  constructor(
    readonly node: OnnxNode,
    readonly inputs: readonly (Value | undefined)[],
    readonly opset: number,
    readonly budget: { cells: number },
  ) {}

  input(i: number): Value {
    return this.inputs[i] ?? this.fail(`input ${i} is missing`);
  }

  /** Numbers of an input that must be known at load. */
  known(i: number): ArrayLike<number> | undefined {
    const value = this.inputs[i];
    if (value === undefined) return undefined;
    if (!value.constant) this.refuse(`with an input ${i} that depends on the row`);
    return value.data;
  }

  /** Counts numbers that are about to be held, before any memory is asked for. */
  reserve(cells: number): number {
    this.budget.cells += cells;
    if (!(this.budget.cells <= MAX_CELLS)) this.fail(`more than the limit of ${MAX_CELLS} numbers`);
    return cells;
  }

  value(dims: readonly number[], integer = false): Value {
    const cells = this.reserve(size(dims));
    const data = integer ? new Float64Array(cells) : new Float32Array(cells);
    return { dims, data, integer, constant: this.inputs.every((input) => input === undefined || input.constant) };
  }

  int(name: string, otherwise: number): number {
    return attributeOf(this.node, name, 'int') ?? otherwise;
  }

  float(name: string, otherwise: number): number {
    return attributeOf(this.node, name, 'float') ?? otherwise;
  }

  ints(name: string): ArrayLike<number> | undefined {
    return attributeOf(this.node, name, 'ints');
  }

  /** An axis as an index of `dims`; negative ones count from the end. */
  axis(axis: number, rank: number): number {
    const at = axis < 0 ? axis + rank : axis;
    return Number.isInteger(at) && at >= 0 && at < rank ? at : this.fail(`axis ${axis} of ${rank} dimensions`);
  }

  fail(what: string): never {
    throw malformed(describeNode(this.node), what);
  }

  refuse(what: string): never {
    throw unsupported(`${describeNode(this.node)} ${what}`, ELSEWHERE);
  }
}

export const ELSEWHERE = 'Install onnxruntime-node beside this package, or export a plain network.';

export function size(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** The same memory under other dimensions. */
export function view(value: Value, dims: readonly number[]): Compiled {
  return { outputs: [{ ...value, dims }] };
}
