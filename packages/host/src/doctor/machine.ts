import { existsSync } from 'node:fs';
import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { SERVICES } from '../config/schema.js';
import { LOG_NAMES, logFolder, logPath } from '../observe/log.js';
import { readLog } from '../observe/log-reader.js';
import { ownerOfPort } from '../services/port-owner.js';
import { count, fail, pass, some, warn, type Check, type Patient } from './check.js';

const GB = 1024 ** 3;
const HOUR = 3_600_000;

export const node: Check = {
  name: 'node',
  needs: 'nothing',
  run() {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const enough = major > 20 || (major === 20 && minor >= 19);
    return enough
      ? pass(`Node ${process.versions.node}`)
      : fail(`Node ${process.versions.node} is older than 20.19`, 'Install Node 20.19 or newer.');
  },
};

export const configuration: Check = {
  name: 'config',
  needs: 'nothing',
  run: ({ config, plan }) =>
    pass(
      `${config.file ?? 'no file: defaults'}; world ${config.world}; features ${plan.config.version}, ${count(plan.features.names.length, 'feature')}`,
    ),
};

/** Free space where the project and its database lie. */
export const disk: Check = {
  name: 'disk',
  needs: 'nothing',
  async run({ config }) {
    const folder = existsSync('/var/lib/signalbox') && process.getuid?.() === 0 ? '/var/lib/signalbox' : undefined;
    let least = Infinity;
    let where = '';
    for (const path of [config.projectDir, ...(folder === undefined ? [] : [folder])]) {
      const { bavail, bsize } = await statfs(path);
      if (bavail * bsize < least) [least, where] = [bavail * bsize, path];
    }
    return diskFinding(least, where);
  },
};

export function diskFinding(free: number, where: string) {
  const text = `${(free / GB).toFixed(1)} GB free at ${where}`;
  const remedy = `Free space at ${where}; signalbox maintain removes old events.`;
  return free < 0.2 * GB ? fail(text, remedy) : free < GB ? warn(text, remedy) : pass(text);
}

/** Each enabled service: held by our host, free, or taken by somebody else. */
export const ports: Check = {
  name: 'ports',
  needs: 'nothing',
  async run({ config, host }) {
    const taken: string[] = [];
    let configured = false;
    for (const name of SERVICES) {
      const { port, enabled, configured: fixed } = config.services[name];
      if (!enabled || port === 0) continue;
      if (host?.services[name] !== undefined && new URL(host.services[name]).port === String(port)) continue;
      if (await free(port, config.bind)) continue;
      configured ||= fixed;
      taken.push(`${port} (${name}) by ${(await ownerOfPort(port)) ?? 'another program'}`);
    }
    if (taken.length === 0) return pass(host ? 'held by the running host' : 'free');
    const detail = `taken: ${taken.join(', ')}`;
    return configured
      ? fail(detail, 'End that program, or set services.NAME.port in signalbox.config.json.')
      : warn(detail, 'signalbox start takes the next free port and says which; or signalbox start --port-offset 100.');
  },
};

function free(port: number, bind: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: bind, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** What the services wrote down in the last hour, and whether they can write at all. */
export const logs: Check = {
  name: 'logs',
  needs: 'nothing',
  async run({ config }: Patient) {
    const folder = logFolder(config.projectDir);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await access(folder, constants.W_OK);
    } catch {
      return fail(
        `${folder} cannot be written to`,
        `Make it writable: chown -R "$USER" ${join(config.projectDir, '.signalbox')}`,
      );
    }
    const since = Date.now() - HOUR;
    const found: string[] = [];
    let newest = '';
    for (const name of LOG_NAMES) {
      const lines = await readLog(name, logPath(config.projectDir, name), { since, level: 'error' }, 1_000);
      if (lines.length === 0) continue;
      found.push(`${name} ${lines.length}`);
      newest = `signalbox logs ${name} --since 1h --level error`;
    }
    return found.length === 0
      ? pass(`no errors within the hour; ${folder}`)
      : warn(`errors within the hour: ${found.join(', ')}`, `Read them: ${newest}`);
  },
};

/** WebSockets that broke off within the hour, by reason. */
export const drops: Check = {
  name: 'websocket.drops',
  needs: 'nothing',
  async run({ config }) {
    const since = Date.now() - HOUR;
    const reasons = new Map<string, number>();
    for (const name of ['multi-model-api', 'trading-api'])
      for (const { message, facts } of await readLog(
        name,
        logPath(config.projectDir, name),
        { since, level: 'warn' },
        1_000,
      ))
        if (message === 'a WebSocket broke off') {
          const why = `${String(facts['code'])} ${String(facts['reason'] ?? 'without a goodbye')}`;
          reasons.set(why, (reasons.get(why) ?? 0) + 1);
        }
    const total = [...reasons.values()].reduce((sum, n) => sum + n, 0);
    if (total === 0) return pass('none broke off within the hour');
    return warn(
      `${count(total, 'connection')} broke off within the hour: ${some([...reasons].map(([why, n]) => `${n} × ${why}`))}`,
      'A client that reconnects with ?since=SEQ loses nothing (@signalbox/client does); 1013 means that it reads too slowly.',
    );
  },
};
