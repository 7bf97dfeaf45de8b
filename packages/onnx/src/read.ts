import { malformed, unsupported } from './model-error.js';
import {
  TYPE_BY_NUMBER,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxType,
  type OnnxValue,
} from './model.js';
import { readTensor } from './read-tensor.js';
import { Budget, Message } from './wire.js';

export interface ReadOptions {
  /** Largest file that is read; 256 MiB by default. */
  readonly maxBytes?: number;
}

const MAX_BYTES = 256 * 1024 * 1024;
const PICKLE = 0x80;
const ZIP = 0x50;

/**
 * Reads an ONNX file (https://onnx.ai/onnx/repo-docs/IR.html): what stands in it, unchanged and not yet checked for sense. Fields that
 * play no part in inference are passed over. Subgraphs are looked through and not kept: what is refused in a graph, data in other files
 * above all, is refused in them too, so that a runtime that evaluates them is never led outside the file.
 *
 * @throws ModelError MODEL_MALFORMED for bytes that are no such file, MODEL_UNSUPPORTED naming what is not read
 */
export function readOnnx(bytes: Uint8Array, options: ReadOptions = {}): OnnxModel {
  const { maxBytes = MAX_BYTES } = options;
  if (bytes.length === 0) throw malformed('ONNX file', 'it is empty');
  if (bytes.length > maxBytes) throw malformed('ONNX file', `${bytes.length} bytes, the limit is ${maxBytes}`);
  if (bytes[0] === PICKLE || (bytes[0] === ZIP && bytes[1] === 0x4b))
    throw unsupported(
      'a pickle or archive (PyTorch, Stable-Baselines3)',
      'Convert it: python training/convert.py FILE. A model is data here, never code.',
    );
  const file = new Message(bytes, 'ONNX file', new Budget());
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  let irVersion = 0;
  let producerName = '';
  let producerVersion = '';
  let graph: Graph | undefined;
  while (file.next()) {
    switch (file.field) {
      case 1:
        irVersion = file.int();
        break;
      case 2:
        producerName = file.text();
        break;
      case 3:
        producerVersion = file.text();
        break;
      case 7:
        if (graph) throw file.fail('a second graph');
        graph = readGraph(file.message('graph'));
        break;
      case 8: {
        const [domain, version] = readOpset(file.message('opset'));
        opsets.set(domain, version);
        break;
      }
      case 14: {
        const [key, value] = readPair(file.message('metadata'));
        metadata.set(key, value);
        break;
      }
      case 25:
        throw unsupported('a file with functions of its own', 'Export with the functions inlined.');
      default:
        file.skip();
    }
  }
  if (!graph || irVersion < 1) throw malformed('ONNX file', 'it has no graph or no version: this is no ONNX file');
  if (opsets.size === 0) throw malformed('ONNX file', 'it names no operator set');
  return { irVersion, producer: { name: producerName, version: producerVersion }, opsets, metadata, ...graph };
}

/** Graphs inside graphs; exporters stay below five. */
const MAX_DEPTH = 32;

type Graph = Pick<OnnxModel, 'name' | 'nodes' | 'initializers' | 'inputs' | 'outputs'>;

function readGraph(message: Message, depth = 0): Graph {
  if (depth > MAX_DEPTH) throw message.fail(`more than the limit of ${MAX_DEPTH} graphs inside one another`);
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  let name = '';
  while (message.next()) {
    switch (message.field) {
      case 1:
        nodes.push(readNode(message.message(`${depth > 0 ? `${message.where}, ` : ''}node ${nodes.length}`), depth));
        break;
      case 2:
        name = message.text();
        break;
      case 5: {
        const tensor = readTensor(message.message(depth > 0 ? `${message.where}, initializer` : 'initializer'));
        if (initializers.has(tensor.name)) throw message.fail(`initializer ${tensor.name} stands there twice`);
        initializers.set(tensor.name, tensor);
        break;
      }
      case 11:
        inputs.push(readValue(message.message('input')));
        break;
      case 12:
        outputs.push(readValue(message.message('output')));
        break;
      case 15:
        throw unsupported('a sparse initializer', 'Export the model with dense weights.');
      default:
        message.skip();
    }
  }
  return { name, nodes, initializers, inputs: inputs.filter((input) => !initializers.has(input.name)), outputs };
}

function readNode(message: Message, depth: number): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttribute>();
  let [name, op, domain] = ['', '', ''];
  while (message.next()) {
    switch (message.field) {
      case 1:
        inputs.push(message.text());
        break;
      case 2:
        outputs.push(message.text());
        break;
      case 3:
        name = message.text();
        break;
      case 4:
        op = message.text();
        break;
      case 5: {
        const [key, value] = readAttribute(message.message(`${message.where}, attribute`), depth);
        if (attributes.has(key)) throw message.fail(`attribute ${key} stands there twice`);
        attributes.set(key, value);
        break;
      }
      case 7:
        domain = message.text();
        break;
      default:
        message.skip();
    }
  }
  if (op === '') throw message.fail('no operator');
  // the long name of ONNX's own set
  return { name, op, domain: domain === 'ai.onnx' ? '' : domain, inputs, outputs, attributes };
}

/** `AttributeProto.AttributeType`. */
const ATTRIBUTE_TYPES = [
  'undefined',
  'float',
  'int',
  'string',
  'tensor',
  'graph',
  'floats',
  'ints',
  'strings',
  'tensors',
  'graphs',
  'sparse tensor',
  'sparse tensors',
  'type',
  'types',
] as const;

function readAttribute(message: Message, depth: number): [string, OnnxAttribute] {
  let name = '';
  let type = 0;
  // by field number: what the file holds when it does not name the type
  let seen = 0;
  let float = 0;
  let int = 0;
  let string = '';
  let tensor: OnnxTensor | undefined;
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  while (message.next()) {
    const { field } = message;
    if (field >= 2 && field <= 10) seen = field;
    switch (field) {
      case 1:
        name = message.text();
        break;
      case 2:
        float = message.float();
        break;
      case 3:
        int = message.int();
        break;
      case 4:
        string = message.text();
        break;
      case 5:
        tensor = readTensor(message.message(message.where));
        break;
      case 6:
      case 11:
        readGraph(message.message(`${message.where}, subgraph`), depth + 1);
        break;
      case 10:
        readTensor(message.message(message.where));
        break;
      case 22:
      case 23:
        throw unsupported(`${message.where}: a sparse tensor`, 'Export the model with dense weights.');
      case 7:
        message.floats(floats, 4);
        break;
      case 8:
        message.ints(ints);
        break;
      case 9:
        strings.push(message.text());
        break;
      case 20:
        type = message.int();
        break;
      default:
        message.skip();
    }
  }
  // field numbers and types count alike, one apart
  if (type === 0 && seen > 0) type = seen - 1;
  const kind = ATTRIBUTE_TYPES[type];
  switch (kind) {
    case 'float':
      return [name, { type: kind, value: float }];
    case 'int':
      return [name, { type: kind, value: int }];
    case 'string':
      return [name, { type: kind, value: string }];
    case 'tensor':
      if (!tensor) throw message.fail(`attribute ${name} has no tensor`);
      return [name, { type: kind, value: tensor }];
    case 'floats':
      return [name, { type: kind, value: Float32Array.from(floats) }];
    case 'ints':
      return [name, { type: kind, value: Float64Array.from(ints) }];
    case 'strings':
      return [name, { type: kind, value: strings }];
    default:
      return [name, { type: 'other', value: kind ?? `type ${type}` }];
  }
}

function readOpset(message: Message): [string, number] {
  let domain = '';
  let version = 0;
  while (message.next()) {
    if (message.field === 1) domain = message.text();
    else if (message.field === 2) version = message.int();
    else message.skip();
  }
  return [domain === 'ai.onnx' ? '' : domain, version];
}

function readPair(message: Message): [string, string] {
  const pair: [string, string] = ['', ''];
  while (message.next()) {
    if (message.field === 1) pair[0] = message.text();
    else if (message.field === 2) pair[1] = message.text();
    else message.skip();
  }
  return pair;
}

function readValue(message: Message): OnnxValue {
  let name = '';
  let type: OnnxType | null = null;
  let dims: (number | string | null)[] | null = null;
  while (message.next()) {
    if (message.field === 1) name = message.text();
    else if (message.field === 2) {
      const kind = message.message('type');
      while (kind.next()) {
        // 1: tensor_type; others are sequences, maps, optionals
        if (kind.field !== 1) kind.skip();
        else [type, dims] = readTensorType(kind.message('type'));
      }
    } else message.skip();
  }
  return { name, type, dims };
}

function readTensorType(message: Message): [OnnxType | null, (number | string | null)[] | null] {
  let type: OnnxType | null = null;
  let dims: (number | string | null)[] | null = null;
  while (message.next()) {
    if (message.field === 1) type = TYPE_BY_NUMBER[message.int()] ?? null;
    else if (message.field === 2) {
      dims = [];
      const shape = message.message('shape');
      while (shape.next()) {
        if (shape.field === 1) dims.push(readDimension(shape.message('dimension')));
        else shape.skip();
      }
    } else message.skip();
  }
  return [type, dims];
}

function readDimension(message: Message): number | string | null {
  let dimension: number | string | null = null;
  while (message.next()) {
    if (message.field === 1) dimension = message.int();
    else if (message.field === 2) dimension = message.text();
    else message.skip();
  }
  return dimension;
}
