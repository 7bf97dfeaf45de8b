// One run: a week of bars through a real host with its own PostgreSQL and Redis, struck as `chaos` says.
//
// Market time stands until every strategy has decided on a bar: at the wall's pace a recovery of seconds lies well within the
// five minutes of a bar, so what must come out is what an undisturbed run gives, to the byte.
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRecord, readStreams } from '../checker/read.mjs';
import { Chaos } from './chaos.mjs';
import { createFollower } from './follower.mjs';
import { killPostgres, openPatient, stopPostgres } from './postgres.mjs';
import { makeProject, removeProject } from './project.mjs';
import { createRandom } from './random.mjs';
import { PERSISTENCE, startRedis } from './redis.mjs';
import { Supervisor } from './supervisor.mjs';
import { loadWorld, makeWorld, SLOT_MS, SYMBOL } from './world.mjs';

/** A bar that is not decided upon within this time is a finding by itself. */
const STUCK_MS = 90_000;
const SETTLE_MS = 30_000;

/**
 * @param {object} options
 * @param {number} options.seed of the market and of the strikes
 * @param {number} options.sessions of 60 bars each
 * @param {{host?: number, postgres?: number, redis?: number}} options.quotas kills
 * @param {string[]} [options.points] crash points to choose from, and no other kills of the host
 * @param {string[]} [options.plugins]
 * @param {boolean} [options.inProcess] strategies in the host's own process
 * @param {(bars: object[]) => object[]} [options.shape] changes the bars of the run
 * @param {(project: object) => void} [options.prepare] changes the project's copy of the packages
 * @param {(ask: Function) => Promise<void>} [options.plant] changes the database before the first bar
 * @param {string} [options.services] those that listen
 * @param {object} [options.hooks] `begun`, `bar(index)` and `ended`, each awaited, with {supervisor, ask, urls}
 * @param {AbortSignal} [options.signal] ends the run and what belongs to it
 * @param {boolean} [options.follow] a client follows the events
 * @param {(text: string) => void} [options.say]
 */
export async function replay({
  seed,
  sessions,
  quotas = {},
  points,
  plugins,
  inProcess = false,
  shape = (bars) => bars,
  services = 'models',
  hooks = {},
  follow = true,
  signal,
  prepare,
  plant,
  say = () => {},
}) {
  const began = performance.now();
  const { history, week: made, macro } = makeWorld(seed, sessions);
  const week = shape(made);
  const project = makeProject({ inProcess, ...(plugins ? { plugins } : {}) });
  const random = createRandom(seed);
  const chaos = new Chaos(random, quotas, week.length, points);
  const follower = createFollower();
  const patient = openPatient(project);
  const recovery = { hostReady: [], hostDecides: [], postgresAnswers: [], postgresDecides: [], redisComplete: [] };
  const redis = await startRedis();
  let failed;
  let struck;
  let lastDeath;
  let starting;
  const supervisor = new Supervisor(project, {
    env: { REDIS_URL: redis.url, REDIS_PASSWORD: redis.password, SIGNALBOX_SERVICES: services },
    armed: () => chaos.arm(),
  });
  const setClock = (time) => {
    writeFileSync(`${project.clock}.new`, String(time));
    renameSync(`${project.clock}.new`, project.clock);
  };
  const context = { supervisor, ask: (sql, values) => patient.ask(sql, values), urls: {} };
  supervisor.on('services', (urls) => {
    context.urls = urls;
    if (follow) follower.use(urls.models);
  });
  supervisor.on('ready', () => {
    clearTimeout(starting);
    if (lastDeath !== undefined) recovery.hostReady.push(performance.now() - lastDeath);
  });
  supervisor.on('exit', ({ signal, code }) => {
    clearTimeout(starting);
    lastDeath = performance.now();
    if (signal === 'SIGKILL') chaos.died(struck);
    else if (!ending) say(`the host ended by itself: ${code ?? signal}`);
    struck = undefined;
  });
  supervisor.on('failed', (error) => (failed = error));
  signal?.addEventListener('abort', () => (failed = new Error('interrupted')), { once: true });
  let ending = false;
  const start = () => {
    supervisor.start();
    armStarting();
  };
  const armStarting = () => {
    const after = chaos.startingKill();
    if (after === null) return;
    starting = setTimeout(() => {
      struck = 'starting';
      supervisor.kill();
    }, after);
  };
  supervisor.on('exit', () => setTimeout(armStarting, 1)); // after the next one was started

  const ask = (sql, values) => patient.ask(sql, values);
  const decided = async (bar, from = performance.now()) => {
    for (;;) {
      const rows = await ask(`SELECT 1 FROM dw.cycles WHERE bar_time = $1 AND status = 'done'`, [new Date(bar.time)]);
      if (rows.length > 0) return;
      if (failed) throw failed;
      if (performance.now() - Math.max(from, lastDeath ?? 0) > STUCK_MS)
        throw new Error(`${new Date(bar.time).toISOString()} is not decided upon after ${STUCK_MS / 1000} s`);
      await sleep(8);
    }
  };
  const strike = {
    host: async () => {
      if (supervisor.pid === undefined || struck !== undefined) return sleep(5);
      const gone = once(supervisor, 'exit');
      struck = 'bar';
      supervisor.kill();
      await gone;
    },
    postgres: async () => {
      const at = performance.now();
      if (!killPostgres(project)) return sleep(5);
      chaos.struck('postgres');
      const { pid } = supervisor;
      await ask('SELECT 1');
      recovery.postgresAnswers.push(performance.now() - at);
      if (pid !== supervisor.pid && chaos.quotas.host === 0)
        throw new Error('the host did not survive the death of PostgreSQL');
      return at;
    },
    redis: async () => {
      const emptied = random.chance(0.3);
      const persistence = random.pick(Object.keys(PERSISTENCE));
      const pause = random.whole(0, 800);
      await redis.kill();
      chaos.struck('redis', { emptied });
      await sleep(pause);
      await redis.start(persistence, { emptied });
      const at = performance.now();
      // what is in the outbox at this moment
      const wanted = await tails(ask);
      while (!(await reached(redis, wanted))) {
        if (performance.now() - at > SETTLE_MS) throw new Error('the streams do not come back');
        await sleep(10);
      }
      recovery.redisComplete.push(performance.now() - at);
    },
  };

  let record;
  let streams;
  try {
    prepare?.(project);
    await loadWorld(project, { history, macro });
    const loaded = performance.now();
    setClock(week[0].time - 60_000);
    start();
    await waitFor(
      async () => (await ask('SELECT 1 FROM dw.world WHERE first_cycle_at IS NOT NULL')).length > 0,
      STUCK_MS,
      () => failed,
    );
    if (plant) await plant(ask);
    await hooks.begun?.(context);
    let repairing;
    for (const [index, bar] of week.entries()) {
      setClock(bar.time + SLOT_MS);
      await ask(
        `INSERT INTO usdcop_m5_ohlcv (time, symbol, open, high, low, close, volume, source) VALUES ($1, $2, $3, $4, $5, $6, $7, 'torture')
         ON CONFLICT DO NOTHING`,
        [new Date(bar.time), SYMBOL, bar.open, bar.high, bar.low, bar.close, bar.volume],
      );
      const deaths = supervisor.deaths;
      let postgresAt;
      for (let next; (next = chaos.strike(index)) !== undefined;) {
        await sleep(next.delay);
        if (failed) throw failed;
        if (next.target === 'redis') {
          // it comes back while the cycle goes on; two deaths do not overlap
          await repairing;
          repairing = strike.redis().catch((error) => (failed = error));
          await sleep(50);
        } else postgresAt = (await strike[next.target]()) ?? postgresAt;
      }
      await decided(bar);
      if (supervisor.deaths > deaths) recovery.hostDecides.push(performance.now() - lastDeath);
      if (postgresAt !== undefined) recovery.postgresDecides.push(performance.now() - postgresAt);
      await hooks.bar?.(context, index);
      if (index % 20 === 19 || index === week.length - 1) {
        const { host, postgres, redis: gone } = chaos.kills;
        say(
          `bar ${index + 1}/${week.length}, kills: host ${host.total}, PostgreSQL ${postgres.total}, Redis ${gone.total}`,
        );
      }
    }
    await repairing;
    if (failed) throw failed;
    await hooks.ended?.(context);
    const settled = await settle(ask, redis, follow ? follower : null);
    if (!settled) say('events, streams and follower are not level after 30 s');
    ending = true;
    record = await readRecord(patient.client);
    streams = await readStreams(redis.client);
    await supervisor.stop();
    return {
      record,
      streams,
      ...(follow ? { follower: { events: follower.events, gaps: follower.gaps } } : {}),
      from: week[0].time,
      bars: week.length,
      kills: chaos.kills,
      starts: supervisor.starts,
      recovery,
      seconds: { load: (loaded - began) / 1000, run: (performance.now() - loaded) / 1000 },
    };
  } catch (error) {
    // what the host said is gone with its project
    say(`the host's log ends with:\n${lastLines(join(project.folder, '.signalbox/logs/host.log'), 30)}`);
    throw error;
  } finally {
    ending = true;
    clearTimeout(starting);
    follower.close();
    await supervisor.stop();
    await patient.close();
    await redis.stop();
    await stopPostgres(project);
    removeProject(project);
  }
}

function lastLines(file, count) {
  return existsSync(file)
    ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
    : `${file} is not there`;
}

const TYPES = {
  'trading:signals': 'signal_update',
  'trading:prices': 'price_update',
  'trading:positions': 'position_change',
  'trading:alerts': 'alert',
};

/** Highest published seq of each stream. */
async function tails(ask) {
  const rows = await ask('SELECT type, max(seq)::int AS seq FROM dw.events WHERE seq IS NOT NULL GROUP BY type');
  const byType = new Map(rows.map(({ type, seq }) => [type, seq]));
  return Object.entries(TYPES).map(([stream, type]) => [stream, byType.get(type) ?? 0]);
}

async function reached(redis, wanted) {
  for (const [stream, seq] of wanted) {
    if (seq === 0) continue;
    const [newest] = await redis.client.xrevrange(stream, '+', '-', 'COUNT', 1);
    const at = newest ? newest[1].indexOf('seq') : -1;
    if (at === -1 || Number(newest[1][at + 1]) < seq) return false;
  }
  return true;
}

/** Waits until everything committed is published and everything published has arrived. */
async function settle(ask, redis, follower) {
  return waitFor(
    async () => {
      const [{ unpublished, newest }] = await ask(
        'SELECT count(*) FILTER (WHERE seq IS NULL)::int AS unpublished, max(seq)::int AS newest FROM dw.events',
      );
      return (
        unpublished === 0 &&
        (follower === null || (follower.events.at(-1)?.seq ?? 0) >= newest) &&
        (await reached(redis, await tails(ask)))
      );
    },
    SETTLE_MS,
    () => undefined,
  ).catch(() => false);
}

async function waitFor(condition, deadline, failure) {
  const until = performance.now() + deadline;
  while (!(await condition())) {
    const error = failure();
    if (error) throw error;
    if (performance.now() > until) throw new Error(`waited ${deadline / 1000} s in vain`);
    await sleep(20);
  }
  return true;
}
