import type { Options } from 'tsup';

/** What every package builds: ESM, types beside it, nothing bundled that is declared as a dependency. */
export const base: Options = {
  format: 'esm',
  dts: true,
  sourcemap: true,
  clean: true,
  target: 'node20',
  splitting: false,
};
