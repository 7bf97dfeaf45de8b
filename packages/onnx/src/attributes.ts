import { malformed } from './model-error.js';
import type { OnnxNode, OnnxTensor } from './model.js';

interface Values {
  float: number;
  int: number;
  string: string;
  tensor: OnnxTensor;
  floats: Float32Array;
  ints: Float64Array;
  strings: readonly string[];
}

/**
 * An attribute of a node, of the type that its operator says; undefined when the node has none of that name.
 * @throws ModelError MODEL_MALFORMED when it has another type, naming node and attribute
 */
export function attributeOf<T extends keyof Values>(node: OnnxNode, name: string, type: T): Values[T] | undefined {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return undefined;
  if (attribute.type !== type)
    throw malformed(describeNode(node), `attribute ${name} is of type ${attribute.type} where ${type} belongs`);
  return attribute.value as Values[T];
}

/** For messages: operator and name. */
export function describeNode(node: OnnxNode): string {
  return `${node.domain && `${node.domain}.`}${node.op}${node.name && ` "${node.name}"`}`;
}
