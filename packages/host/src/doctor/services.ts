import { WebSocket } from 'ws';
import { SERVICE_LOGS } from '../observe/log.js';
import { connected, openRedis, redisError } from '../stores/redis/connection.js';
import { STREAM_NAMES } from '../stores/events/stream.js';
import { failed, fail, pass, skip, warn, type Check, type Finding } from './check.js';

const PATIENCE_MS = 5_000;
const NONE = 'no host of this project answers';
const START = 'signalbox start';

/** What is asked of each service beside its health: a read through its tables. */
const READS: Readonly<Record<string, string>> = {
  models: '/api/models/signals/latest',
  trading: '/api/market-status',
};

export const services: Check = {
  name: 'services',
  needs: 'nothing',
  async run({ host }) {
    if (!host) return warn(NONE, START);
    const bad: string[] = [];
    let log = 'host';
    for (const [name, url] of Object.entries(host.services)) {
      for (const path of [name === 'dashboard' ? '/' : '/api/health', READS[name]]) {
        if (path === undefined) continue;
        const said = await statusOf(`${url}${path}`);
        // a refusal for want of a key is an answer
        if (typeof said === 'number' && said < 500) continue;
        bad.push(`${name} ${path}: ${said}`);
        log = (SERVICE_LOGS as Readonly<Record<string, string>>)[name] ?? 'host';
      }
    }
    return bad.length === 0
      ? pass(
          Object.entries(host.services)
            .map(([name, url]) => `${name} ${url}`)
            .join(', '),
        )
      : fail(bad.join('; '), `signalbox logs ${log} --since 1h --level warn`);
  },
};

async function statusOf(url: string): Promise<number | string> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    await answer.arrayBuffer();
    return answer.status;
  } catch (error) {
    return (error as Error).name === 'TimeoutError' ? `no answer within ${PATIENCE_MS / 1000} s` : 'no answer';
  }
}

/** Connects as a client does, and sends the reference's ping. */
export const websocket: Check = {
  name: 'websocket',
  needs: 'nothing',
  async run({ host }) {
    const url = host?.services['models'];
    if (url === undefined) return skip(host ? 'the Multi-Model API is switched off' : NONE, START);
    return pinged(`${url.replace(/^http/, 'ws')}/ws/trading-signals`);
  },
};

function pinged(url: string): Promise<Finding> {
  const logs =
    'signalbox logs multi-model-api --since 1h; something between (proxy, firewall) may cut idle connections: keep the ping.';
  return new Promise((resolve) => {
    const began = performance.now();
    const socket = new WebSocket(url, { handshakeTimeout: PATIENCE_MS });
    const end = (finding: Finding): void => {
      clearTimeout(timer);
      socket.terminate();
      resolve(finding);
    };
    const timer = setTimeout(() => end(fail(`${url}: no pong within ${PATIENCE_MS / 1000} s`, logs)), PATIENCE_MS);
    socket.on('unexpected-response', (_, response) =>
      end(
        response.statusCode === 401 || response.statusCode === 403
          ? skip(`${url} asks for a key`, 'Its health is told by services.')
          : fail(`${url}: refused with ${response.statusCode}`, logs),
      ),
    );
    socket.on('error', (error) => end(fail(`${url}: ${error.message || 'no connection'}`, logs)));
    socket.on('close', (code) => end(fail(`${url}: closed with ${code} before it answered`, logs)));
    socket.on('message', (data) => {
      const { type } = JSON.parse(String(data)) as { type: string };
      if (type === 'connection') socket.send('ping');
      if (type === 'pong') end(pass(`connection and pong after ${Math.round(performance.now() - began)} ms`));
    });
  });
}

/** Reachable, with the right password, writable, and not far behind the events. */
export const redis: Check = {
  name: 'redis',
  needs: 'nothing',
  async run({ config }) {
    if (!config.redis)
      return skip('not configured: the event table is the stream', 'Set REDIS_URL, and REDIS_PASSWORD.');
    const client = openRedis(config.redis);
    try {
      await connected(client);
      const memory = /maxmemory_policy:(\S+)/.exec(await client.info('memory'))?.[1];
      const lengths: string[] = [];
      for (const stream of STREAM_NAMES) lengths.push(`${stream} ${await client.xlen(stream)}`);
      if (memory !== undefined && memory.startsWith('allkeys'))
        return warn(
          `maxmemory-policy ${memory} may throw streams away`,
          'redis-cli CONFIG SET maxmemory-policy noeviction',
        );
      return pass(lengths.join(', '));
    } catch (error) {
      return failed(redisError(error));
    } finally {
      client.disconnect();
    }
  },
};

/** Events that nobody has numbered yet: without a relay neither stream nor WebSocket hears of them. */
export const relay: Check = {
  name: 'events',
  needs: 'database',
  async run({ db, host }) {
    const { rows } = await db.query<{ n: number; age: number | null; last: number | null }>(
      `SELECT count(*)::int AS n, extract(epoch FROM clock_timestamp() - min(recorded_at))::float8 AS age,
         (SELECT max(seq) FROM dw.events) AS last FROM dw.events WHERE seq IS NULL`,
    );
    const { n, age, last } = rows[0]!;
    if (n === 0 || (age ?? 0) < 10) return pass(`published up to seq ${last ?? 0}`);
    const text = `${n} events wait to be published, the oldest for ${Math.round(age!)} s`;
    return host
      ? fail(text, 'signalbox logs host --since 1h; then start the host anew.')
      : warn(text, `${START}: the host publishes them.`);
  },
};
