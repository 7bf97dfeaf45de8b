import {
  TYPE_BY_NUMBER,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from './model.js';

declare const TextEncoder: new () => { encode(text: string): Uint8Array };

const NUMBER_BY_TYPE = new Map(Object.entries(TYPE_BY_NUMBER).map(([number, type]) => [type, Number(number)]));

/**
 * Writes a model as ONNX bytes: the same model, the same bytes, on every machine. What `readOnnx` reads comes back equal.
 * @throws RangeError for what is not written (strings as tensors, attributes of kind "other")
 */
export function writeOnnx(model: OnnxModel): Uint8Array {
  const file = new Writer();
  file.int(1, model.irVersion);
  file.text(2, model.producer.name);
  file.text(3, model.producer.version);
  file.message(7, (graph) => {
    for (const node of model.nodes) graph.message(1, (into) => writeNode(into, node));
    graph.text(2, model.name);
    for (const tensor of model.initializers.values()) graph.message(5, (into) => writeTensor(into, tensor));
    for (const value of model.inputs) graph.message(11, (into) => writeValue(into, value));
    for (const value of model.outputs) graph.message(12, (into) => writeValue(into, value));
  });
  for (const [domain, version] of model.opsets)
    file.message(8, (into) => {
      into.text(1, domain);
      into.int(2, version);
    });
  for (const [key, value] of model.metadata)
    file.message(14, (into) => {
      into.text(1, key);
      into.text(2, value);
    });
  return file.bytes();
}

function writeNode(into: Writer, node: OnnxNode): void {
  for (const name of node.inputs) into.text(1, name);
  for (const name of node.outputs) into.text(2, name);
  into.text(3, node.name);
  into.text(4, node.op);
  for (const [name, attribute] of node.attributes)
    into.message(5, (message) => {
      message.text(1, name);
      writeAttribute(message, attribute);
    });
  if (node.domain !== '') into.text(7, node.domain);
}

function writeAttribute(into: Writer, attribute: OnnxAttribute): void {
  switch (attribute.type) {
    case 'float':
      into.float(2, attribute.value);
      return into.int(20, 1);
    case 'int':
      into.int(3, attribute.value);
      return into.int(20, 2);
    case 'string':
      into.text(4, attribute.value);
      return into.int(20, 3);
    case 'tensor':
      into.message(5, (message) => writeTensor(message, attribute.value));
      return into.int(20, 4);
    case 'floats':
      for (const value of attribute.value) into.float(7, value);
      return into.int(20, 6);
    case 'ints':
      for (const value of attribute.value) into.int(8, value);
      return into.int(20, 7);
    case 'strings':
      for (const value of attribute.value) into.text(9, value);
      return into.int(20, 8);
    default:
      throw new RangeError(`an attribute of kind ${attribute.value} is not written`);
  }
}

function writeTensor(into: Writer, { name, type, dims, data }: OnnxTensor): void {
  if (type === 'string') throw new RangeError('a tensor of strings is not written');
  for (const dim of dims) into.int(1, dim);
  into.int(2, NUMBER_BY_TYPE.get(type)!);
  into.text(8, name);
  const wide = type === 'int64' || type === 'uint64';
  const raw = new Uint8Array(data.length * data.BYTES_PER_ELEMENT);
  const view = new DataView(raw.buffer);
  const size = data.BYTES_PER_ELEMENT;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (wide) view.setBigInt64(i * size, BigInt.asIntN(64, BigInt(value)), true);
    else if (data instanceof Float32Array) view.setFloat32(i * size, value, true);
    else if (data instanceof Float64Array) view.setFloat64(i * size, value, true);
    else if (size === 1) view.setUint8(i, value);
    else if (size === 2) view.setUint16(i * size, value, true);
    else view.setUint32(i * size, value, true);
  }
  into.block(9, raw);
}

function writeValue(into: Writer, { name, type, dims }: OnnxValue): void {
  into.text(1, name);
  if (type === null) return;
  into.message(2, (kind) =>
    kind.message(1, (tensor) => {
      tensor.int(1, NUMBER_BY_TYPE.get(type)!);
      if (dims === null) return;
      tensor.message(2, (shape) => {
        for (const dim of dims)
          shape.message(1, (dimension) => {
            if (typeof dim === 'number') dimension.int(1, dim);
            else if (typeof dim === 'string') dimension.text(2, dim);
          });
      });
    }),
  );
}

/** One protobuf message. */
class Writer {
  readonly #encoder = new TextEncoder();
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  int(field: number, value: number): void {
    this.#varint(BigInt(field) << 3n);
    this.#varint(BigInt.asUintN(64, BigInt(value)));
  }

  float(field: number, value: number): void {
    this.#varint(BigInt(field * 8 + 5));
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#push(bytes);
  }

  text(field: number, text: string): void {
    this.block(field, this.#encoder.encode(text));
  }

  block(field: number, bytes: Uint8Array): void {
    this.#varint(BigInt(field * 8 + 2));
    this.#varint(BigInt(bytes.length));
    this.#push(bytes);
  }

  message(field: number, write: (into: Writer) => void): void {
    const inner = new Writer();
    write(inner);
    this.block(field, inner.bytes());
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  #push(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  #varint(value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    do {
      const low = Number(rest & 127n);
      rest >>= 7n;
      bytes.push(rest === 0n ? low : low | 128);
    } while (rest !== 0n);
    this.#push(Uint8Array.from(bytes));
  }
}
