import { defineConfig } from 'tsup';
import { base } from '../../tsup.base.js';

export default defineConfig({
  ...base,
  entry: {
    index: 'src/index.ts',
    cli: 'src/cli/index.ts',
    'plugin-child': 'src/plugins/isolation/child.ts',
    'as-known-thread': 'src/inference/as-known-thread.ts',
    'job-child': 'src/jobs/child.ts',
  },
  dts: { entry: 'src/index.ts' },
  splitting: true,
});
