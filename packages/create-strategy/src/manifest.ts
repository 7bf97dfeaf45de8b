import { MODELS } from './models.js';
import type { Options } from './options.js';

const SIGNALBOX = '^0.1.0';

/** `package.json` of the new package. */
export function manifestOf({ name, code, template, language }: Options): string {
  const typed = language === 'ts';
  const entry = typed
    ? { types: './dist/strategy.d.ts', default: './dist/strategy.js' }
    : { default: './src/strategy.js' };
  const model = template === 'rules' ? undefined : { model: `./models/${MODELS[template].as}` };
  const manifest = {
    name,
    version: '0.1.0',
    description: `${code}, a strategy for Signalbox.`,
    license: 'UNLICENSED',
    type: 'module',
    engines: { node: '>=20.19' },
    keywords: ['signalbox-strategy'],
    exports: { '.': entry, './package.json': './package.json' },
    files: [typed ? 'dist' : 'src', ...(model ? ['models'] : [])],
    signalbox: { role: 'strategy', code, apiVersion: 1, ...(model && { models: model }) },
    scripts: {
      ...(typed && { build: 'tsc' }),
      test: typed ? 'tsc && node --test' : 'node --test',
      prepublishOnly: 'npm test',
    },
    ...(model && { dependencies: { [template === 'onnx' ? '@signalbox/onnx' : '@signalbox/gbdt']: SIGNALBOX } }),
    peerDependencies: { '@signalbox/core': SIGNALBOX },
    devDependencies: {
      '@signalbox/core': SIGNALBOX,
      ajv: '^8.20.0',
      ...(typed && { typescript: '~5.9.3' }),
    },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
