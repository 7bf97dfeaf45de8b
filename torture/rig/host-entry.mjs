// The host of a run: the market world by a clock that a file holds. Copied into the run's project. argv: the file.
import { readFileSync } from 'node:fs';
import { loadConfig, startHost } from '@signalbox/host';

const [, , clock] = process.argv;
const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());
const tell = (what) => void process.stdout.write(`${JSON.stringify(what)}\n`);
let read = -Infinity;
let time;
/** Looked up every other millisecond at most: answers to requests ask for it, too. */
const wallNow = () => {
  const now = performance.now();
  if (now - read > 2) {
    time = Number(readFileSync(clock, 'utf8'));
    read = now;
  }
  return time;
};
process.on('SIGUSR2', () => {
  globalThis.gc();
  tell({ memory: process.memoryUsage() });
});

await startHost(loadConfig(process.cwd(), process.env, { world: 'market' }), {
  signal: ending.signal,
  wallNow,
  observer: {
    listening: (services) => tell({ services: Object.fromEntries(services.map(({ name, url }) => [name, url])) }),
    progress() {},
    ready: () => tell({ ready: true }),
    say: (text) => tell({ say: text }),
  },
});
