// `npm run torture -- <id> [--seed N] [--kills K] [--sessions S] [--in-process]`: progress on stderr, one JSON object on stdout, exit code 1
// when a rule is violated. Needs the build (npm run build), redis-server on PATH, and Linux.
import { parseArgs } from 'node:util';
import { cpus, loadavg } from 'node:os';
import { ids } from './ids.mjs';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    kills: { type: 'string' },
    sessions: { type: 'string' },
    clients: { type: 'string' },
    reads: { type: 'string' },
    'in-process': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const unknown = positionals.find((id) => !Object.hasOwn(ids, id));
const numbers = Object.fromEntries(
  ['seed', 'kills', 'sessions', 'clients', 'reads']
    .filter((key) => values[key] !== undefined)
    .map((key) => [key, Number(values[key])]),
);
const wrong = Object.entries(numbers).find(([, value]) => !Number.isInteger(value) || value < 0);
if (values.help || positionals.length === 0 || unknown !== undefined || wrong) {
  if (unknown !== undefined) console.error(`there is no torture "${unknown}"`);
  if (wrong) console.error(`--${wrong[0]} takes a whole number`);
  console.error(
    'npm run torture -- <id> [<id> …] [--seed N] [--kills K] [--sessions S] [--in-process]; load: [--clients N] [--reads N]\n',
  );
  for (const [id, { what }] of Object.entries(ids)) console.error(`  ${id.padEnd(14)} ${what}`);
  process.exit(values.help ? 0 : 2);
}

const say = (text) => process.stderr.write(`${text}\n`);
const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => ending.abort());
const results = [];
const shared = {}; // the undisturbed run is made once for all ids of a command
for (const id of positionals) {
  if (ending.signal.aborted) break;
  say(`• ${id}, seed ${numbers.seed}`);
  try {
    results.push({
      id,
      seed: numbers.seed,
      inProcess: values['in-process'],
      ...(await ids[id].run({ ...numbers, inProcess: values['in-process'], signal: ending.signal, say, shared })),
    });
  } catch (error) {
    say(error.stack);
    results.push({ id, seed: numbers.seed, passed: false, error: error.message });
  }
  say(results.at(-1).passed ? '  held' : '  DID NOT HOLD');
}
const passed = results.length === positionals.length && results.every((result) => result.passed);
console.log(
  JSON.stringify(
    {
      status: passed ? 'ok' : 'error',
      data: {
        machine: { node: process.version, cores: cpus().length, load: loadavg().map((n) => Number(n.toFixed(1))) },
        results,
      },
      errors: [],
    },
    null,
    2,
  ),
);
process.exit(passed ? 0 : 1);
