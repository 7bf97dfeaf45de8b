import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './project.mjs';

/** The host's one table of points, name → what has happened there. */
export function crashPoints() {
  const source = readFileSync(join(repository, 'packages/host/src/observe/crash-points.ts'), 'utf8');
  const table = source.slice(source.indexOf('CRASH_POINTS = {'), source.indexOf('} as const'));
  return Object.fromEntries(
    [...table.matchAll(/'([a-z]+\.[a-z]+)': '([^']*)'/g)].map(([, name, text]) => [name, text]),
  );
}
