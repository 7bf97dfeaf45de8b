// A session of bars, one a second, while 1,000 clients listen and 1,000 mixed reads a second are asked; before that, one event at a
// time to these clients, turn by turn with a server that has nothing but `ws`.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { check } from '../checker/index.mjs';
import { quantiles } from '../rig/quantiles.mjs';
import { replay } from '../rig/replay.mjs';

const CLIENTS = 1_000;
const READS = 1_000;
const ALERTS = 60;
const BAR_MS = 1_000;

const start = (file, args = [], execArgv = []) => fork(join(import.meta.dirname, file), args, { execArgv });
const answer = async (child, key) => {
  for (;;) {
    const [message] = await once(child, 'message');
    if (key in message) return message[key];
  }
};

export async function load({ seed, sessions = 1, clients: count = CLIENTS, reads = READS, inProcess, signal, say }) {
  const result = {};
  let clients;
  let readers;
  let bare;
  let firstBar;
  try {
    const run = await replay({
      seed,
      sessions,
      inProcess,
      signal,
      follow: false,
      services: 'models,trading,analytics',
      say: (text) => say(`  ${text}`),
      hooks: {
        async begun({ supervisor, ask, urls }) {
          clients = start('fan-out.mjs');
          bare = start('bare-ws.mjs', [], ['--expose-gc']);
          const bareUrl = await answer(bare, 'url');
          const before = { ours: await supervisor.memory(), bare: await ask2(bare) };
          await connect(clients, 'ours', `${urls.models.replace('http', 'ws')}/ws/trading-signals`, count);
          await connect(clients, 'bare', bareUrl, count);
          await sleep(1_000);
          const after = { ours: await supervisor.memory(), bare: await ask2(bare) };
          result.perClient = {
            note: 'kB a client, idle, after a collection; rss and what V8 accounts for (heap and buffers)',
            ours: perClient(before.ours, after.ours, count),
            bareWs: perClient(before.bare, after.bare, count),
          };
          say(
            `  ${CLIENTS} clients: ${JSON.stringify(result.perClient.ours)}, bare ws ${JSON.stringify(result.perClient.bareWs)}`,
          );
          result.oneEvent = await oneEvent(ask, clients, bare);
          say(`  one event to all: ${JSON.stringify(result.oneEvent)}`);
          bare.send({ end: true });
          readers = start('readers.mjs', [JSON.stringify({ urls, perSecond: reads })]);
          firstBar = performance.now();
        },
        async bar(_, index) {
          await sleep(Math.max(0, firstBar + (index + 1) * BAR_MS - performance.now()));
        },
        async ended({ ask }) {
          readers.send({ end: true });
          const read = (await once(readers, 'message'))[0];
          const all = Object.values(read.kinds).flat();
          result.reads = {
            askedPerSecond: reads,
            sent: read.sent,
            seconds: Number(read.seconds.toFixed(1)),
            answeredPerSecond: Math.round(all.length / read.seconds),
            statuses: read.statuses,
            ms: quantiles(all),
            byKind: Object.fromEntries(Object.entries(read.kinds).map(([name, list]) => [name, quantiles(list)])),
          };
          await sleep(1_000);
          const rows = await ask('SELECT committed_ms AS committed, published_ms AS published FROM dw.cycle_timings');
          result.barToSignal = {
            note: 'measured by the host, from the stored bar to its commit and to its publication, each strategy of each bar',
            committedMs: quantiles(rows.map(({ committed }) => committed)),
            publishedMs: quantiles(rows.map(({ published }) => published).filter((value) => value !== null)),
          };
          clients.send({ report: 'ours' });
          const { spreads, ...told } = await answer(clients, 'report');
          result.clients = { n: count, ...told, spreadMs: quantiles(Object.values(spreads)) };
        },
      },
    });
    const violations = check(run.record, run);
    const { reads: read, clients: heard } = result;
    const ok = Object.keys(read.statuses).every((status) => status === '200' || status === '304');
    const all = heard.events > 0 && heard.complete === heard.events && heard.closed === 0;
    return {
      passed: violations.length === 0 && ok && all,
      violations,
      bars: run.bars,
      strategies: run.record.strategies.length,
      ...result,
    };
  } finally {
    for (const child of [clients, readers, bare]) child?.kill('SIGKILL');
  }
}

async function ask2(child) {
  child.send({ memory: true });
  return answer(child, 'memory');
}

async function connect(clients, name, url, count) {
  clients.send({ connect: { name, url, clients: count } });
  await answer(clients, 'connected');
}

function perClient(before, after, count) {
  const kB = (bytes) => Number((bytes / 1024 / count).toFixed(1));
  return {
    rss: kB(after.rss - before.rss),
    accounted: kB(after.heapUsed + after.external - before.heapUsed - before.external),
  };
}

/** Alerts, one at a time, to ours; the same bytes by bare ws; in turn, so that both meet the same machine. */
async function oneEvent(ask, clients, bare) {
  for (let i = 0; i < ALERTS; i++) {
    const message = `fan-out ${i}: ${'x'.repeat(200)}`;
    const [{ id }] = await ask(
      `INSERT INTO dw.alerts (code, severity, message) VALUES ('LOAD_TEST', 'info', $1) RETURNING alert_id AS id`,
      [message],
    );
    await sleep(80);
    const [event] = await ask(`SELECT payload FROM dw.events WHERE type = 'alert' AND payload ->> 'alert_id' = $1`, [
      String(id),
    ]);
    bare.send({ send: JSON.stringify({ type: 'alert', ...event.payload, seq: i + 1 }) });
    await sleep(80);
  }
  const measured = {};
  for (const name of ['ours', 'bare']) {
    let told;
    for (let i = 0; i < 300; i++) {
      clients.send({ report: name });
      told = await answer(clients, 'report');
      if (told.complete >= ALERTS) break;
      await sleep(100);
    }
    const { spreads, events, complete } = told;
    if (complete !== events || events < ALERTS)
      throw new Error(`${name}: ${complete} of ${events} events reached every client, ${ALERTS} were sent`);
    // the first ones warm both up
    measured[name] = quantiles(Object.values(spreads).slice(10));
  }
  return {
    note: 'ms from the first client that has an event to the last one',
    ours: measured.ours,
    bareWs: measured.bare,
    ratioP50: Number((measured.ours.p50 / measured.bare.p50).toFixed(2)),
    ratioP99: Number((measured.ours.p99 / measured.bare.p99).toFixed(2)),
  };
}
