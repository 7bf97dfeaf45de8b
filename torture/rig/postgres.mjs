// The embedded server of a run, seen from outside: how to reach it and how to kill it whole.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { postgresFolder } from './project.mjs';

export const DATABASE = 'usdcop_trading';

function postmaster(project) {
  const base = postgresFolder(project);
  const file = base && join(base, 'data/postmaster.pid');
  if (!file || !existsSync(file)) return undefined;
  const lines = readFileSync(file, 'utf8').split('\n');
  const pid = Number(lines[0]);
  // a killed server leaves its file: the number may be anybody's by now
  if (!(pid > 0) || !commandOf(pid).includes('postgres')) return undefined;
  return { pid, port: Number(lines[3]), socket: lines[4]?.trim() };
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** The postmaster's children: each is a process group of its own, so that killing the postmaster's group leaves them. */
function childrenOf(pid) {
  const found = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid) found.push(Number(name));
    } catch {
      // it has ended meanwhile
    }
  }
  return found;
}

/** kill -9 of the server and all that belong to it. False when none runs. */
export function killPostgres(project) {
  const server = postmaster(project);
  if (!server) return false;
  const all = [server.pid, ...childrenOf(server.pid)];
  for (const pid of all) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it was faster
    }
  }
  return true;
}

/** Stops the server in order and waits until it is gone. */
export async function stopPostgres(project) {
  const server = postmaster(project);
  if (!server) return;
  process.kill(server.pid, 'SIGINT');
  for (let i = 0; i < 500 && commandOf(server.pid).includes('postgres'); i++) await sleep(20);
}

/** One connection that is made again after the server was killed; a question is asked until it is answered. */
export function openPatient(project, { deadlineMs = 60_000 } = {}) {
  let client;
  const connect = async () => {
    const server = postmaster(project);
    if (!server) throw new Error('no server runs');
    const fresh = new pg.Client({
      host: server.socket || '127.0.0.1',
      port: server.port,
      user: 'admin',
      database: DATABASE,
      connectionTimeoutMillis: 2_000,
      query_timeout: 30_000,
    });
    fresh.on('error', () => {
      if (client === fresh) client = undefined;
    });
    await fresh.connect();
    client = fresh;
  };
  return {
    /** For questions and for writes that may be repeated. */
    async ask(sql, values = []) {
      const until = performance.now() + deadlineMs;
      for (;;) {
        try {
          if (!client) await connect();
          return (await client.query(sql, values)).rows;
        } catch (error) {
          const lost = client;
          client = undefined;
          await lost?.end().catch(() => {});
          // an error of the question itself does not go away
          if (/^(22|23|42)/.test(error.code ?? '') || performance.now() > until) throw error;
          await sleep(10);
        }
      }
    },
    get client() {
      return client;
    },
    async close() {
      await client?.end().catch(() => {});
      client = undefined;
    },
  };
}
