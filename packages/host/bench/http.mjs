// Builds http.ts beside itself (its imports must resolve) and runs it.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'tsup';

const outDir = join(import.meta.dirname, '.built-http');
try {
  await build({
    entry: { http: join(import.meta.dirname, 'http.ts') },
    outDir,
    config: false,
    silent: true,
    dts: false,
    format: 'esm',
    target: 'node20',
    external: [/^[^./]/],
    outExtension: () => ({ js: '.mjs' }),
  });
  await import(join(outDir, 'http.mjs'));
} finally {
  rmSync(outDir, { recursive: true, force: true });
}
