// A project of its own for each run, laid out as `npm install` would: the built packages are copied (so that a planted fault
// changes nothing but this run), everything else is linked. It brings its own embedded PostgreSQL.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
export const PLUGINS = [
  '@signalbox/strategy-rl-ppo',
  '@signalbox/strategy-ml-xgb',
  '@signalbox/strategy-ml-lgbm',
  '@signalbox/strategy-ensemble',
  'signalbox-strategy-breakout',
];

/** `inProcess`: the strategies run in the host's own process, which starts in a fraction of the time. */
export function makeProject({ plugins = PLUGINS, inProcess = false } = {}) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sb-torture-')));
  const modules = join(folder, 'node_modules');
  const ours = join(modules, '@signalbox');
  mkdirSync(ours, { recursive: true });
  const installed = join(repository, 'node_modules');
  const own = new Set([
    '@signalbox',
    'signalbox-strategy-breakout',
    '.bin',
    '.package-lock.json',
    '.cache',
    '.vite',
    '.vite-temp',
  ]);
  for (const name of readdirSync(installed))
    if (!own.has(name)) symlinkSync(join(installed, name), join(modules, name));
  for (const name of readdirSync(join(installed, '@signalbox')))
    install(realpathSync(join(installed, '@signalbox', name)), join(ours, name));
  install(realpathSync(join(installed, 'signalbox-strategy-breakout')), join(modules, 'signalbox-strategy-breakout'));
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: basename(folder), private: true, type: 'module' }),
  );
  writeFileSync(
    join(folder, 'signalbox.config.json'),
    JSON.stringify({
      plugins,
      allowSimulatedModels: true,
      // how busy the machine is decides nothing
      pluginDeadlineSeconds: 60,
      ...(inProcess ? { isolation: Object.fromEntries(plugins.map((name) => [name, 'none'])) } : {}),
      ...weights(plugins),
    }),
  );
  cpSync(join(repository, 'torture/rig/host-entry.mjs'), join(folder, 'host.mjs'));
  return {
    folder,
    host: join(folder, 'host.mjs'),
    clock: join(folder, 'clock'),
    signalbox: join(ours, 'host/bin/signalbox.js'),
  };
}

/** What a package publishes, and the modules that it alone has. */
function install(from, to) {
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    const path = join(from, name);
    if (['src', 'test', 'bench', '.turbo', 'tsconfig.json', 'tsup.config.ts'].includes(name)) continue;
    if (name === 'node_modules') symlinkSync(path, join(to, name));
    else cpSync(path, join(to, name), { recursive: true, filter: (file) => !file.endsWith('.map') });
  }
  if (!existsSync(join(to, 'dist')) && existsSync(join(from, 'src')))
    throw new Error(`${from} is not built: npm run build`);
}

function weights(plugins) {
  if (!plugins.includes('@signalbox/strategy-ensemble')) return {};
  const members = { RL_PPO: 0.3, ML_LGBM: 0.25, ML_XGB: 0.25, RULE_BREAKOUT: 0.25 };
  return { strategies: { ENSEMBLE: { parameters: { weights: members } } } };
}

/** Changes a built file of the project's own copy of a package: the pattern must be there exactly once. */
export function patch(project, packageName, search, replacement) {
  const dist = join(project.folder, 'node_modules', packageName, 'dist');
  const hits = readdirSync(dist)
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(dist, name))
    .filter((file) => readFileSync(file, 'utf8').includes(search));
  let changed = 0;
  for (const file of hits) {
    const text = readFileSync(file, 'utf8');
    changed += text.split(search).length - 1;
    writeFileSync(
      file,
      text.replace(search, () => replacement),
    );
  }
  if (changed === 0) throw new Error(`nothing to patch in ${packageName}: ${search}`);
  if (changed > hits.length) throw new Error(`several places to patch in ${packageName}: ${search}`);
}

/** Where the embedded server of a project keeps its data. */
export function postgresFolder(project) {
  const inside = join(project.folder, '.signalbox/postgres');
  if (existsSync(inside)) return inside;
  const all = '/var/lib/signalbox';
  for (const name of existsSync(all) ? readdirSync(all) : []) {
    const mark = join(all, name, 'project');
    if (existsSync(mark) && readFileSync(mark, 'utf8').trim() === project.folder) return join(all, name);
  }
  return undefined;
}

export function removeProject(project) {
  const data = postgresFolder(project);
  if (data && dirname(data) === '/var/lib/signalbox') rmSync(data, { recursive: true, force: true });
  rmSync(project.folder, { recursive: true, force: true });
}
