import { malformed, unsupported } from '../model-error.js';
import { attribute, nameOf, type OnnxGraph, type OnnxGraphNode } from './graph.js';

const MAX_FEATURES = 1 << 16;
const FLOAT = 1;

/** Columns of a row that a value of the graph holds, before any tree. */
export interface Columns {
  readonly columns: Int32Array;
  /** The values are float32. */
  readonly single: boolean;
}

export interface Inputs {
  readonly featureCount: number;
  /** Names, where each column is an input of its own. */
  readonly features: readonly string[] | null;
  readonly values: Map<string, Columns>;
}

/**
 * The graph's inputs as columns of one row, one input after another.
 * @param stated number of columns, where the file leaves it open
 */
export function inputsOf(graph: OnnxGraph, stated: number | undefined): Inputs {
  const values = new Map<string, Columns>();
  let count = 0;
  for (const { name, type, dims } of graph.inputs) {
    const where = `input ${JSON.stringify(name.slice(0, 80))}`;
    if (type !== 'float32' && type !== 'float64')
      throw unsupported(
        `${where} of type ${type ?? 'unknown'}`,
        'Convert the model with a float input (FloatTensorType).',
      );
    const last = dims?.length === 2 ? dims[1] : undefined;
    const width = typeof last === 'number' && last > 0 ? last : graph.inputs.length === 1 ? stated : undefined;
    if (width === undefined)
      throw unsupported(
        `${where}, which states no number of columns`,
        'Convert with FloatTensorType([None, columns]).',
      );
    if (!(width >= 1 && count + width <= MAX_FEATURES)) throw malformed(where, `${width} columns are out of bounds`);
    if (values.has(name)) throw malformed(where, 'stands there twice');
    const from = count;
    values.set(name, { columns: Int32Array.from({ length: width }, (_, i) => from + i), single: type === 'float32' });
    count += width;
  }
  if (count === 0) throw malformed('the ONNX model', 'has no input');
  const apart = graph.inputs.length > 1 && count === graph.inputs.length;
  return { featureCount: count, features: apart ? Object.freeze(graph.inputs.map(({ name }) => name)) : null, values };
}

/** Operators before the trees: they move columns and round, nothing else. */
export function passColumns(node: OnnxGraphNode, given: readonly (Columns | undefined)[]): Columns {
  const name = nameOf(node);
  const all = given.filter((one) => one !== undefined);
  const [first] = all;
  if (!first || all.length !== given.length) throw malformed(name, 'features meet other numbers');
  if (node.domain === '' && node.op === 'Identity') return first;
  if (node.domain === '' && node.op === 'Cast' && attribute(node, 'to', 'int') === FLOAT)
    return { ...first, single: true };
  if (node.domain === '' && node.op === 'Concat') {
    const length = all.reduce((sum, { columns }) => sum + columns.length, 0);
    if (length > MAX_FEATURES) throw malformed(name, `${length} columns are out of bounds`);
    const axis = attribute(node, 'axis', 'int');
    if ((axis === 1 || axis === -1) && all.every(({ single }) => single === first.single))
      return { columns: Int32Array.from(all.flatMap(({ columns }) => Array.from(columns))), single: first.single };
  }
  throw unsupported(
    `operator ${name} before the trees`,
    'Convert the model alone, without preprocessing: features come ready.',
  );
}
