import { SignalboxError } from '../../errors.js';
import { sha256 } from '../../features/sha256.js';
import { defineStrategy, type AnyStrategy, type Artifact } from '../../strategies/contract.js';
import type { Opinion } from '../../strategies/opinion.js';

const CONFIG = {
  type: 'object',
  properties: { limit: { type: 'number', default: 0.5 } },
  additionalProperties: false,
} as const;

const flat: Opinion = { signal: 'flat', reasoning: 'nothing to say' };
const by = (value: number, reasoning = `value ${value}`): Opinion => ({
  signal: value > 0 ? 'long' : 'short',
  confidence: 0.6,
  reasoning,
});

const definition = {
  code: 'SOUND',
  name: 'a strategy that breaks nothing',
  type: 'ML',
  apiVersion: 1,
  features: ['rsi_9', 'log_ret_5m'],
  config: CONFIG,
} as const;

/** Breaks nothing. */
export const sound: AnyStrategy = defineStrategy({
  ...definition,
  create: ({ config }) => ({
    onBar: ({ features }) => by(features.rsi_9 - (config.limit ?? 0), `rsi_9 ${features.rsi_9}`),
  }),
});

/** The same, with the state of the last bar. */
export const soundWithState: AnyStrategy = defineStrategy({
  ...definition,
  state: { type: 'object', properties: { last: { type: 'number' } }, required: ['last'], additionalProperties: false },
  create({ saved }) {
    let last = saved?.last ?? 0;
    return {
      onBar({ features }) {
        const before = last;
        last = features.rsi_9;
        return by(last - before, `rsi_9 ${before} then ${last}`);
      },
      save: () => ({ last }),
    };
  },
});

/** Reads its own position as a feature. */
export const soundWithPosition: AnyStrategy = defineStrategy({
  ...definition,
  features: ['position', 'rsi_9'],
  create: () => ({
    onBar: ({ features, position }) =>
      features.position === 0 ? by(features.rsi_9 - 0.5) : { signal: 'close', reasoning: `out of ${position.side}` },
  }),
});

const remembered = new Map<number, number>();
let shared = 0;

/** The artifact that strategies with a model are tried with: its digest and golden vectors are sound. */
export const MODEL: Artifact = (() => {
  const bytes = Uint8Array.of(1, 2, 3);
  const digest = sha256(bytes);
  return {
    format: 'onnx',
    sha256: digest,
    bytes,
    manifest: { sha256: digest, golden: { rows: [[0, 0]], outputs: [[0.5]] } },
  };
})();
const refused = (code: 'MODEL_HASH_MISMATCH' | 'MODEL_GOLDEN_MISMATCH'): SignalboxError =>
  new SignalboxError(code, 'the model is another one', 'Take the right one.');
const checkDigest = ({ bytes, manifest }: Artifact): void => {
  if (sha256(bytes) !== (manifest as { sha256: string }).sha256) throw refused('MODEL_HASH_MISMATCH');
};

/** Checks file and golden vectors of a model that always says 0.5. */
export const soundWithModel: AnyStrategy = defineStrategy({
  ...definition,
  artifacts: { model: ['onnx'] },
  create({ artifacts }) {
    checkDigest(artifacts.model);
    const { outputs } = (artifacts.model.manifest as { golden: { outputs: number[][] } }).golden;
    if (outputs.some(([x]) => x !== 0.5)) throw refused('MODEL_GOLDEN_MISMATCH');
    return { onBar: ({ features }) => by(features.rsi_9 - 0.5) };
  },
});

/** Strategies that break one rule each, by the name of the case that must find it. */
export const BROKEN: readonly (readonly [string, string, AnyStrategy])[] = [
  [
    'metadata',
    'a code in lower case',
    defineStrategy({ ...definition, code: 'sound', create: () => ({ onBar: () => flat }) }),
  ],
  [
    'configuration',
    'a schema that takes unknown keys',
    defineStrategy({ ...definition, config: { type: 'object' }, create: () => ({ onBar: () => flat }) }),
  ],
  [
    'opening',
    'a create that throws',
    defineStrategy({
      ...definition,
      create: () => {
        throw new TypeError('undefined is not a model');
      },
    }),
  ],
  [
    'deadline',
    'an answer that never comes',
    defineStrategy({ ...definition, create: () => ({ onBar: () => new Promise<Opinion>(() => {}) }) }),
  ],
  [
    'deadline',
    'an aborted turn that never ends',
    defineStrategy({
      ...definition,
      create: () => ({
        async onBar(_, { abort }) {
          await Promise.resolve();
          return abort.aborted ? new Promise<Opinion>(() => {}) : flat;
        },
      }),
    }),
  ],
  [
    'opinions',
    'a confidence of NaN on a rare bar',
    defineStrategy({
      ...definition,
      create: () => ({
        onBar: ({ features }) => ({
          signal: 'long',
          confidence: features.rsi_9 > 0.8 ? NaN : 0.6,
          reasoning: 'a quotient of nothing by nothing',
        }),
      }),
    }),
  ],
  [
    'determinism',
    'a die of its own',
    // eslint-disable-next-line no-restricted-properties -- what the kit must find
    defineStrategy({ ...definition, create: () => ({ onBar: () => by(Math.random() - 0.5) }) }),
  ],
  [
    'future',
    'it remembers later bars from an earlier run',
    defineStrategy({
      ...definition,
      create: () => ({
        onBar({ bar }) {
          remembered.set(bar.time, bar.close);
          const next = remembered.get(bar.time + 300_000);
          return next === undefined ? flat : by(next - bar.close);
        },
      }),
    }),
  ],
  [
    'future',
    'it repaints the answer of the bar before',
    defineStrategy({
      ...definition,
      create() {
        let last: { signal: 'long' | 'short'; confidence: number; reasoning: string } | undefined;
        return {
          onBar({ features }) {
            if (last) last.signal = features.log_ret_5m > 0 ? 'long' : 'short';
            last = { signal: 'long', confidence: 0.6, reasoning: 'the last move' };
            return last;
          },
        };
      },
    }),
  ],
  [
    'start',
    'it counts bars since it opened',
    defineStrategy({
      ...definition,
      create() {
        let bars = 0;
        return { onBar: () => by((bars++ % 7) - 3.5) };
      },
    }),
  ],
  [
    'restore',
    'a state that forgets what it saw last',
    defineStrategy({
      ...definition,
      state: { type: 'object', properties: { last: { type: 'number' } }, additionalProperties: false },
      create() {
        let last = 0;
        return {
          onBar({ features }) {
            const before = last;
            last = features.rsi_9;
            return by(last - before, `${before} → ${last}`);
          },
          save: () => ({ last }),
        };
      },
    }),
  ],
  [
    'restore',
    'a state that its schema does not know',
    defineStrategy({
      ...definition,
      state: {
        type: 'object',
        properties: { last: { type: 'number' } },
        required: ['last'],
        additionalProperties: false,
      },
      create: () => ({ onBar: () => flat, save: () => ({ last: 'now' }) as never }),
    }),
  ],
  [
    'sessions',
    'a variable of the module for every session',
    defineStrategy({
      ...definition,
      state: {
        type: 'object',
        properties: { last: { type: 'number' } },
        required: ['last'],
        additionalProperties: false,
      },
      create({ saved }) {
        shared = saved?.last ?? 0;
        return {
          onBar({ features }) {
            const before = shared;
            shared = features.rsi_9;
            return by(shared - before, `${before} → ${shared}`);
          },
          save: () => ({ last: shared }),
        };
      },
    }),
  ],
  [
    'missing',
    'it accepts a missing feature and computes with it',
    defineStrategy({
      ...definition,
      acceptsMissing: ['rsi_9'],
      create: () => ({
        onBar: ({ features }) => ({ signal: 'long', confidence: Math.min(1, features.rsi_9), reasoning: 'rsi' }),
      }),
    }),
  ],
  [
    'declared',
    'it reads a feature that it does not declare',
    defineStrategy({
      ...definition,
      create: () => ({
        onBar: ({ features }) => ((features as Record<string, number>)['adx_14'] === undefined ? flat : by(1)),
      }),
    }),
  ],
  [
    'inputs',
    'it normalises the vector in place',
    defineStrategy({
      ...definition,
      create: () => ({
        onBar({ vector }) {
          vector[0]! *= 2;
          return by(vector[0]! - 1);
        },
      }),
    }),
  ],
  [
    'closing',
    'it closes once',
    defineStrategy({
      ...definition,
      create() {
        let model: { free(): void } | null = { free: () => {} };
        return {
          onBar: () => flat,
          close() {
            model!.free();
            model = null;
          },
        };
      },
    }),
  ],
  [
    'model',
    'it takes a file as it comes',
    defineStrategy({
      ...definition,
      artifacts: { model: ['onnx'] },
      create: ({ artifacts }) => ({ onBar: () => by(artifacts.model.bytes.length) }),
    }),
  ],
  [
    'model',
    'it checks the digest and no golden vectors',
    defineStrategy({
      ...definition,
      artifacts: { model: ['onnx'] },
      create({ artifacts }) {
        checkDigest(artifacts.model);
        return { onBar: ({ features }) => by(features.rsi_9 - 0.5) };
      },
    }),
  ],
];
