// Builds jobs.ts beside itself (its imports must resolve) and runs it.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'tsup';

const outDir = join(import.meta.dirname, '.built');
try {
  await build({
    entry: { jobs: join(import.meta.dirname, 'jobs.ts') },
    outDir,
    config: false,
    silent: true,
    dts: false,
    format: 'esm',
    target: 'node20',
    external: [/^[^./]/],
    outExtension: () => ({ js: '.mjs' }),
  });
  await import(join(outDir, 'jobs.mjs'));
} finally {
  rmSync(outDir, { recursive: true, force: true });
}
