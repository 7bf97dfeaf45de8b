import type { Options } from './options.js';

/** What differs from model to model: where the loader comes from, what it takes, and how its answer becomes a model. */
const KINDS = {
  xgboost: {
    name: 'Gradient-boosted trees',
    from: '@signalbox/gbdt',
    loader: 'loadXGBoost',
    formats: "'xgboost-json', 'xgboost-ubj'",
    load: "(bytes, { rounds }) => loadXGBoost(bytes, { rounds: rounds ?? 'best' })",
  },
  lightgbm: {
    name: 'Gradient-boosted trees',
    from: '@signalbox/gbdt',
    loader: 'loadLightGBM',
    formats: "'lightgbm-text'",
    load: '(bytes) => loadLightGBM(bytes)',
  },
  onnx: {
    name: 'Neural network',
    from: '@signalbox/onnx',
    loader: 'loadNetwork',
    formats: "'onnx'",
    // the file names its outputs, not its features
    load: '(bytes) => ({ features: null, ...loadNetwork(bytes) })',
  },
} as const;

/** The strategy itself; the same text is TypeScript and JavaScript. */
export function strategyOf({ code, template, language }: Options): string {
  if (template === 'rules') return RULES.replace('CODE', code);
  const kind = KINDS[template];
  const filled = {
    CODE: code,
    NAME: kind.name,
    LOADER: kind.loader,
    PACKAGE: kind.from,
    FORMATS: kind.formats,
    LOAD: kind.load,
  };
  // in one pass: a code such as PAYLOAD or MY_NAME holds what looks like a place to fill
  const text = MODEL.replace(
    /\b(?:CODE|NAME|LOADER|PACKAGE|FORMATS|LOAD)\b/g,
    (place) => filled[place as keyof typeof filled],
  );
  return language === 'ts' ? text.replace("'adx_14']", "'adx_14'] as const") : text;
}

const RULES = `import { defineStrategy } from '@signalbox/core';

/** Fades an RSI that has gone far, and leaves when it is back in its middle. A rule to begin with, and no advice. */
export default defineStrategy({
  code: 'CODE',
  name: 'Fade of a far RSI',
  type: 'ML',
  apiVersion: 1,
  features: ['rsi_9'],
  config: {
    type: 'object',
    properties: {
      far: { type: 'number', minimum: 0.55, maximum: 0.95, default: 0.8, description: 'RSI (0–1) from which it is far.' },
    },
    additionalProperties: false,
  },
  create({ config: { far = 0.8 } }) {
    return {
      onBar({ features: { rsi_9 }, position }) {
        const reasoning = \`rsi_9 is \${rsi_9.toFixed(3)}, far from \${far}\`;
        if (rsi_9 >= far) return { signal: 'short', confidence: rsi_9, reasoning };
        if (rsi_9 <= 1 - far) return { signal: 'long', confidence: 1 - rsi_9, reasoning };
        const done = position.side === 'long' ? rsi_9 > 0.5 : position.side === 'short' && rsi_9 < 0.5;
        return { signal: done ? 'close' : 'flat', reasoning };
      },
    };
  },
});
`;

const MODEL = `import { defineStrategy, openModelSession } from '@signalbox/core';
import { LOADER } from 'PACKAGE';

/** What the model was trained on, in its order. */
const FEATURES = ['log_ret_5m', 'log_ret_1h', 'rsi_9', 'adx_14'];

/** The example model in \`models/\` claims nothing: train another one in its place. A model that is not its manifest's is refused. */
export default defineStrategy({
  code: 'CODE',
  name: 'NAME',
  type: 'ML',
  apiVersion: 1,
  features: FEATURES,
  artifacts: { model: [FORMATS] },
  config: { type: 'object', properties: {}, additionalProperties: false },
  create: (context) =>
    openModelSession(context, {
      code: 'CODE',
      features: FEATURES,
      load: LOAD,
    }),
});
`;
