export { attributeOf, describeNode } from './attributes.js';
export type { OnnxAttribute, OnnxModel, OnnxNode, OnnxNumbers, OnnxTensor, OnnxType, OnnxValue } from './model.js';
export { malformed, ModelError, unsupported, type ModelErrorCode } from './model-error.js';
export { readOnnx, type ReadOptions } from './read.js';
export { compileNetwork, loadNetwork, type Network, type NetworkOptions } from './network/load.js';
export { writeOnnx } from './write.js';
