import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['**/dist/**', '**/generated/**', '**/node_modules/**', '.signalbox/**', '**/.turbo/**'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      eqeqeq: 'error',
    },
  },
  {
    // what runs in a browser as well, and must be the same everywhere
    files: [
      'packages/{core,gbdt,onnx,strategy-rl-ppo,strategy-ml-xgb,strategy-ml-lgbm,strategy-ensemble,client}/src/**/*.ts',
    ],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['node:*'], message: 'this package runs in browsers' }] },
      ],
      'no-restricted-globals': ['error', 'process', 'Buffer', '__dirname'],
    },
  },
  {
    files: ['packages/{core,gbdt,onnx,strategy-rl-ppo,strategy-ml-xgb,strategy-ml-lgbm,strategy-ensemble}/src/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'core has no clock: take market time from the bar' },
        { object: 'Math', property: 'random', message: 'core is deterministic: use the seeded random' },
      ],
    },
  },
  {
    // statements that must not compile
    files: ['**/*.type-tests.ts'],
    rules: { '@typescript-eslint/no-unused-expressions': 'off' },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'console',
          'process',
          'URL',
          'Buffer',
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'clearInterval',
          'performance',
          'fetch',
          'WebSocket',
          'TextDecoder',
          'TextEncoder',
          'AbortController',
          'structuredClone',
          'module',
          'require',
          'document',
          'window',
          'location',
          'addEventListener',
          'postMessage',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
);
