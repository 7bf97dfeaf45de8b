// A host of its own for two-hosts.test.ts: the market world, by a clock that runs faster than the wall and is the same in all
// of them. argv: epoch ms at which the clock stands, the file that names the wall ms from which it runs, market seconds per
// wall second.
import { existsSync, readFileSync } from 'node:fs';
import { loadConfig, startHost } from '@signalbox/host';

const [start, speed] = [Number(process.argv[2]), Number(process.argv[4])];
let at;
const wallNow = () => {
  if (at === undefined && existsSync(process.argv[3])) at = Number(readFileSync(process.argv[3], 'utf8')) || undefined;
  return at === undefined ? start : start + (Date.now() - at) * speed;
};
const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());
const tell = (what) => void process.stdout.write(`${JSON.stringify(what)}\n`);

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
