// `@signalbox/core/indicators`: the streaming kernels alone.
export { Adx } from './adx.js';
export { Atr } from './atr.js';
export { SlotGap } from './gap.js';
export { Rsi } from './rsi.js';
