import { createRequire } from 'node:module';

/** Of the installed host. */
export function version(): string {
  return (createRequire(import.meta.url)('@signalbox/host/package.json') as { version: string }).version;
}
