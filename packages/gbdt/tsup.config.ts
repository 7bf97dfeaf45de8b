import { defineConfig } from 'tsup';
import { base } from '../../tsup.base.js';

// minified: half of the package is what nobody reads in a browser, and unpacked it stays below 100 kB
export default defineConfig({ ...base, entry: { index: 'src/index.ts' }, platform: 'neutral', minify: true });
