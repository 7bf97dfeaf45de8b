import { malformed, unsupported } from './model-error.js';
import { TYPE_BY_NUMBER, type OnnxNumbers, type OnnxTensor, type OnnxType } from './model.js';
import type { Message } from './wire.js';

const MAX_RANK = 8;
const EXTERNAL = 1;

/** Bytes of one value in `raw_data`, and its reader; little-endian. */
const RAW: Readonly<Record<Exclude<OnnxType, 'string'>, [number, (view: DataView, at: number) => number]>> = {
  float32: [4, (view, at) => view.getFloat32(at, true)],
  float64: [8, (view, at) => view.getFloat64(at, true)],
  uint8: [1, (view, at) => view.getUint8(at)],
  int8: [1, (view, at) => view.getInt8(at)],
  uint16: [2, (view, at) => view.getUint16(at, true)],
  int16: [2, (view, at) => view.getInt16(at, true)],
  int32: [4, (view, at) => view.getInt32(at, true)],
  int64: [8, (view, at) => Number(view.getBigInt64(at, true))],
  uint32: [4, (view, at) => view.getUint32(at, true)],
  uint64: [8, (view, at) => Number(view.getBigUint64(at, true))],
  bool: [1, (view, at) => (view.getUint8(at) === 0 ? 0 : 1)],
};

/** An array for values of a type. */
export function numbersOf(type: OnnxType, length: number): OnnxNumbers {
  switch (type) {
    case 'float32':
      return new Float32Array(length);
    case 'uint8':
    case 'bool':
      return new Uint8Array(length);
    case 'int8':
      return new Int8Array(length);
    case 'uint16':
      return new Uint16Array(length);
    case 'int16':
      return new Int16Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'uint32':
      return new Uint32Array(length);
    default:
      return new Float64Array(length);
  }
}

/**
 * `TensorProto`. Values that lie in another file are refused: a model is one file.
 * @throws ModelError MODEL_MALFORMED, MODEL_UNSUPPORTED naming tensor and type
 */
export function readTensor(message: Message): OnnxTensor {
  const dims: number[] = [];
  let type = 0;
  let name = '';
  let raw: Uint8Array | undefined;
  let external = false;
  const lists: Partial<Record<4 | 5 | 7 | 10 | 11, number[]>> = {};
  const strings: string[] = [];
  while (message.next()) {
    switch (message.field) {
      case 1:
        message.ints(dims);
        if (dims.length > MAX_RANK) throw message.fail(`more than the limit of ${MAX_RANK} dimensions`);
        break;
      case 2:
        type = message.int();
        break;
      case 4:
        message.floats((lists[4] ??= []), 4);
        break;
      case 5:
      case 7:
      case 11:
        message.ints((lists[message.field] ??= []));
        break;
      case 6:
        strings.push(message.text());
        break;
      case 8:
        name = message.text();
        break;
      case 9:
        raw = message.block();
        break;
      case 10:
        message.floats((lists[10] ??= []), 8);
        break;
      case 13:
        external = true;
        message.skip();
        break;
      case 14:
        external ||= message.int() === EXTERNAL;
        break;
      default:
        message.skip();
    }
  }
  const where = `${message.where}${name && ` ${name}`}`;
  if (external)
    throw unsupported(`${where}: data in another file`, 'Save the model as one file, with its weights inside.');
  const kind = TYPE_BY_NUMBER[type];
  if (kind === undefined)
    throw unsupported(`${where}: element type ${type}`, 'Save the model with 32-bit floating-point weights.');
  const count = countOf(dims, where);
  if (kind === 'string') {
    if (strings.length !== count) throw lengths(where, count, strings.length);
    return { name, type: kind, dims, data: new Uint8Array(0), strings };
  }
  if (raw !== undefined) return { name, type: kind, dims, data: fromRaw(raw, kind, count, where) };
  const list =
    (kind === 'float32'
      ? lists[4]
      : kind === 'float64'
        ? lists[10]
        : kind === 'int64'
          ? lists[7]
          : kind === 'uint32' || kind === 'uint64'
            ? lists[11]
            : lists[5]) ?? [];
  if (list.length !== count) throw lengths(where, count, list.length);
  const data = numbersOf(kind, count);
  data.set(list);
  return { name, type: kind, dims, data };
}

function fromRaw(raw: Uint8Array, type: Exclude<OnnxType, 'string'>, count: number, where: string): OnnxNumbers {
  const [size, read] = RAW[type];
  if (raw.length !== count * size) throw lengths(where, count, raw.length / size);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const data = numbersOf(type, count);
  for (let i = 0; i < count; i++) data[i] = read(view, i * size);
  return data;
}

function countOf(dims: readonly number[], where: string): number {
  let count = 1;
  for (const dim of dims) {
    count *= dim;
    if (!(dim >= 0 && count <= 2 ** 31)) throw malformed(where, `dimensions ${dims.join(' × ')} are out of bounds`);
  }
  return count;
}

function lengths(where: string, count: number, found: number): Error {
  return malformed(where, `${found} values where the dimensions say ${count}`);
}
