// `npm start`: sets everything up, then starts the host on its embedded defaults. Flags go through: `npm start -- --speed 120`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root, setUp } from './setup.mjs';

setUp();
const host = spawn(
  process.execPath,
  [join(root, 'packages/host/bin/signalbox.js'), 'start', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
// the terminal sends Ctrl-C to both; this process only waits for the host to finish its work
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => signal !== 'SIGINT' && host.kill(signal));
}
host.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
