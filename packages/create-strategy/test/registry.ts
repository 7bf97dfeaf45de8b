import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');
const HOME = join(ROOT, 'node_modules/.cache/signalbox-registry');
const VERSION = '6.8.0';

/** A real registry on this machine; what it does not hold comes from the one that npm is configured for. */
export interface Registry {
  readonly url: string;
  /** Runs npm against it; throws what it printed when it fails. */
  npm(cwd: string, ...args: string[]): string;
  close(): void;
}

/** Verdaccio, installed once beside the workspace: 58 MB that no user and no `npm ci` should carry. Null without a network. */
export async function startRegistry(folder: string): Promise<Registry | null> {
  const main = join(HOME, 'node_modules/verdaccio/bin/verdaccio');
  if (!existsSync(main)) {
    mkdirSync(HOME, { recursive: true });
    // the tag that one of its dependencies names is not on every mirror
    const manifest = { private: true, dependencies: { verdaccio: VERSION }, overrides: { 'node-fetch': '2.7.0' } };
    writeFileSync(join(HOME, 'package.json'), JSON.stringify(manifest));
    const installed = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], {
      cwd: HOME,
    });
    if (installed.status !== 0) return null;
  }
  const upstream = spawnSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).stdout.trim().split('\n')[0]!;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const ours = `{ access: $all, publish: $all, unpublish: $all }`;
  writeFileSync(
    join(folder, 'registry.yaml'),
    `storage: ${join(folder, 'storage')}
auth: { htpasswd: { file: ${join(folder, 'htpasswd')} } }
uplinks: { upstream: { url: ${upstream}, cache: false } }
packages: { '@signalbox/*': ${ours}, 'signalbox-strategy-*': ${ours}, '**': { access: $all, proxy: upstream } }
log: { type: stdout, level: fatal }
`,
  );
  const npmrc = join(folder, 'npmrc');
  writeFileSync(
    npmrc,
    `registry=${url}\n//127.0.0.1:${port}/:_authToken=anybody\naudit=false\nfund=false\nupdate-notifier=false\n`,
  );
  const child = spawn(
    process.execPath,
    [main, '--config', join(folder, 'registry.yaml'), '--listen', `127.0.0.1:${port}`],
    {
      stdio: 'ignore',
    },
  );
  for (let i = 0; ; i++) {
    const up = await fetch(`${url}-/ping`).then(
      (response) => response.ok,
      () => false,
    );
    if (up) break;
    if (i > 300 || child.exitCode !== null) {
      child.kill();
      throw new Error('the registry did not start');
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
    npm_config_userconfig: npmrc,
    npm_config_cache: join(folder, 'cache'),
  };
  return {
    url,
    npm(cwd, ...args) {
      const { status, stdout, stderr } = spawnSync('npm', args, {
        cwd,
        env,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      if (status !== 0) throw new Error(`npm ${args.join(' ')} in ${cwd}:\n${stdout}\n${stderr}`);
      return stdout;
    },
    close: () => void child.kill(),
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
