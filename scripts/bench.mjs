// `npm run bench [-- name …] [--json]`: runs every packages/*/bench/*.mjs against the build and shows what each measured.
// Each bench prints one JSON object {bench, rows: [{name, value, unit, note?}], …}; peers (Python libraries) join when
// SIGNALBOX_PYTHON names an interpreter that has them. Real bars: SIGNALBOX_BARS_FILE, SIGNALBOX_MACRO_FILE.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root, setUp } from './setup.mjs';

setUp();
const flags = process.argv.slice(2);
const json = flags.includes('--json');
const wanted = flags.filter((flag) => !flag.startsWith('--'));
const benches = readdirSync(join(root, 'packages'))
  .map((name) => join(root, 'packages', name, 'bench'))
  .filter(existsSync)
  .flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.mjs'))
      .map((file) => join(folder, file)),
  )
  .filter((file) => wanted.length === 0 || wanted.includes(basename(file, '.mjs')));

const results = [];
let failed = 0;
for (const file of benches) {
  process.stderr.write(`• ${basename(file, '.mjs')} … `);
  const run = spawnSync(process.execPath, ['--expose-gc', file], { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 });
  if (run.status !== 0) {
    failed += 1;
    process.stderr.write(`failed\n${run.stderr}\n`);
    continue;
  }
  // a module that others import prints nothing
  process.stderr.write(run.stdout.trim() === '' ? 'nothing to run\n' : 'done\n');
  if (run.stdout.trim() !== '') results.push(JSON.parse(run.stdout));
}

const machine = { node: process.version, platform: `${process.platform} ${process.arch}` };
writeFileSync(join(root, 'bench-results.json'), JSON.stringify({ machine, results }, null, 2) + '\n');
if (json) {
  console.log(JSON.stringify({ status: failed ? 'error' : 'ok', data: { machine, results }, errors: [] }));
} else {
  for (const { bench, rows } of results) {
    console.log(`\n${bench}`);
    const width = Math.max(...rows.map((row) => row.name.length));
    for (const { name, value, unit, note } of rows) {
      console.log(`  ${name.padEnd(width)}  ${String(value).padStart(10)} ${unit}${note ? `   ${note}` : ''}`);
    }
  }
  console.log(`\n${machine.node}, ${machine.platform}; also in bench-results.json`);
}
process.exit(failed ? 1 : 0);
