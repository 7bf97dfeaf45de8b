import { readFileSync } from 'node:fs';
import { manifestOf } from './manifest.js';
import { MODELS } from './models.js';
import type { Options } from './options.js';
import { readmeOf } from './readme.js';
import { strategyOf } from './strategy.js';
import { testOf } from './test.js';

/** The files of the package, by path. */
export function filesOf(options: Options): Map<string, string | Uint8Array> {
  const { template, language } = options;
  const files = new Map<string, string | Uint8Array>([
    ['package.json', manifestOf(options)],
    ['README.md', readmeOf(options)],
    [`src/strategy.${language}`, strategyOf(options)],
    ['test/strategy.test.js', testOf(options)],
    ['.gitignore', language === 'ts' ? 'node_modules\ndist\n' : 'node_modules\n'],
  ]);
  if (language === 'ts') files.set('tsconfig.json', TSCONFIG);
  if (template !== 'rules') {
    const { file, as } = MODELS[template];
    files.set(`models/${as}`, model(file));
    files.set(`models/${as.replace(/\.[^.]+$/, '.manifest.json')}`, model(file.replace(/\.[^.]+$/, '.manifest.json')));
  }
  return files;
}

const model = (name: string): Uint8Array => readFileSync(new URL(`../templates/models/${name}`, import.meta.url));

const TSCONFIG = `{
  "compilerOptions": {
    "target": "ES2022",
    "module": "NodeNext",
    "moduleResolution": "NodeNext",
    "strict": true,
    "declaration": true,
    "skipLibCheck": true,
    "rootDir": "src",
    "outDir": "dist"
  },
  "include": ["src"]
}
`;
