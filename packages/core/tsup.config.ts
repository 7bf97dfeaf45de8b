import { defineConfig } from 'tsup';
import { base } from '../../tsup.base.js';

export default defineConfig({
  ...base,
  entry: { index: 'src/index.ts', indicators: 'src/indicators/index.ts', testing: 'src/testing/index.ts' },
  platform: 'neutral',
  splitting: true,
});
