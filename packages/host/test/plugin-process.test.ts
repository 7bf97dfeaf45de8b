import { spawn } from 'node:child_process';
import { setFlagsFromString } from 'node:v8';
import vm from 'node:vm';
import { FLAT, USD_COP, type AnyView } from '@signalbox/core';
import { afterAll, describe, expect, it } from 'vitest';
import { discover, type InstalledStrategy, type Isolation } from '../src/plugins/discover.js';
import { createFaultLedger, type Fault } from '../src/plugins/faults.js';
import { endOrphans } from '../src/plugins/isolation/orphans.js';
import { childEntry } from '../src/plugins/isolation/process.js';
import { openStrategies, type OpenStrategies } from '../src/plugins/open.js';
import { pluginProject, strategyModule } from './plugin-project.js';

setFlagsFromString('--expose-gc');
const project = pluginProject();
const apart = (extra: Partial<Isolation> = {}): Isolation => ({ inProcess: [], memoryMb: 512, ...extra });
const FEATURES = { names: ['rsi_9'], hashes: { rsi_9: '1' }, definitions: {} };
const view = (time = 0, rsi = 0.4): AnyView => ({
  bar: { time, open: 1, high: 1, low: 1, close: 1, volume: 0 },
  features: { rsi_9: rsi },
  vector: Float64Array.of(rsi),
  position: FLAT,
  opinions: {},
});

const left: OpenStrategies[] = [];
afterAll(() => Promise.all(left.map((one) => one.close())));

async function load(
  code: string,
  module: string,
  metadata: object = {},
  isolation = apart(),
): Promise<InstalledStrategy> {
  const [found] = await discover(project.dir, [project.install(code, module, metadata)], isolation);
  if (!found || 'problem' in found) throw found!.problem;
  return found.strategy;
}

async function open(
  strategy: InstalledStrategy,
  options: {
    saved?: unknown;
    deadlineMs?: number;
    ledger?: ReturnType<typeof createFaultLedger>;
    log?: (text: string) => void;
  } = {},
) {
  const { code } = strategy.definition;
  const opened = await openStrategies({
    rows: [{ code, package: strategy.package, parameters: {}, isActive: true }],
    discovered: [{ package: strategy.package, strategy }],
    features: FEATURES,
    instrument: USD_COP,
    world: 'simulated',
    allowSimulatedModels: false,
    askDeadlineMs: options.deadlineMs ?? 5_000,
    saved: () => options.saved,
    ledger: options.ledger ?? createFaultLedger({}),
    log: (_, text) => options.log?.(text),
  });
  left.push(opened);
  const seat = opened.seats[0]!;
  return { opened, ask: async (bar: AnyView) => opened.ask(seat, bar), status: () => opened.status()[0]!, code };
}

const counting = strategyModule(
  'COUNTING',
  `if (n === globalThis.dieAt) process.exit(1); if (view.bar.time === 99) process.exit(7); return { signal: 'flat', reasoning: 'bar ' + n + ', drew ' + random() }`,
  {
    definition: `state: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },`,
    session: `save: () => ({ n })`,
  },
);

describe('a plugin in a process of its own', () => {
  it('runs in another process, with the host’s environment cut to what it declares', async () => {
    const strategy = await load(
      'ENVIRON',
      strategyModule('ENVIRON', `return { signal: 'flat', reasoning: JSON.stringify([process.pid, process.env]) }`),
      { env: ['MY_KEY'] },
      apart({ hostEnv: { PATH: process.env['PATH'], MY_KEY: 'mine', DATABASE_URL: 'canary', HOME: '/canary' } }),
    );
    const { ask } = await open(strategy);
    const [pid, env] = JSON.parse((await ask(view())).reasoning) as [number, Record<string, string>];
    expect(pid).not.toBe(process.pid);
    expect(env['MY_KEY']).toBe('mine');
    expect(JSON.stringify(env)).not.toContain('canary');
  });

  it('hands NaN and vectors over as they are, and the same opinion back as in process', async () => {
    const module = strategyModule(
      'NUMBERS',
      `return { signal: 'long', confidence: 1 / 3, score: 0.1 + 0.2, reasoning: String([view.features.rsi_9, view.vector instanceof Float64Array, view.vector[0], random()]) }`,
    );
    const far = await open(await load('NUMBERS', module));
    const [here] = await discover(project.dir, ['strategy-numbers']);
    if (!here || 'problem' in here) throw here!.problem;
    const near = await open(here.strategy);
    for (const rsi of [NaN, 0.1 + 0.2, -0]) expect(await far.ask(view(5, rsi))).toEqual(await near.ask(view(5, rsi)));
    expect((await far.ask(view(5, NaN))).reasoning).toMatch(/^NaN,true,NaN,0\.\d+$/);
  });

  it('is started again after its death with the state after its last answer', async () => {
    const faults: Fault[] = [];
    const ledger = createFaultLedger({ keep: (_, fault) => faults.push(fault) });
    const { ask, opened, status, code } = await open(await load('COUNTING', counting), { ledger, saved: { n: 10 } });
    expect((await ask(view(1))).reasoning).toMatch(/^bar 11,/);
    expect(opened.save(code)).toEqual({ n: 11 });
    expect(await ask(view(99))).toMatchObject({
      signal: 'none',
      code: 'unavailable',
      reasoning: expect.stringContaining('code 7'),
    });
    expect(opened.save(code), 'the bar on which it died changed nothing').toEqual({ n: 11 });
    expect(status()).toMatchObject({ state: 'FAULTED', reason: expect.stringContaining('code 7') });
    expect((await ask(view(2))).reasoning, 'the next bar waits for the new process').toMatch(/^bar 12,/);
    expect(status()).toMatchObject({ state: 'RUNNING', reason: null });
    expect(faults).toEqual([{ kind: 'exit', detail: expect.stringContaining('code 7') }]);
  });

  it('dies and is started again ten times: the host keeps nothing of those that are gone', async () => {
    let now = 0;
    // an hour lies between two faults: none adds up to a suspension
    const ledger = createFaultLedger({ now: () => (now += 3_600_001) });
    const { ask } = await open(await load('COUNTING', counting), { ledger });
    const collect = vm.runInNewContext('gc') as () => void;
    const begunAgain = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        expect((await ask(view(99))).signal).toBe('none');
        expect((await ask(view(1))).signal).toBe('flat');
      }
    };
    const held = () => {
      collect();
      const resources = process.getActiveResourcesInfo().filter((kind) => kind !== 'Timeout' && kind !== 'Immediate');
      return {
        resources: resources.sort(),
        listeners: process.eventNames().map((name) => [name, process.listenerCount(name)]),
      };
    };
    await begunAgain(2);
    const before = held();
    const heap = process.memoryUsage().heapUsed;
    await begunAgain(8);
    await expect.poll(held, { timeout: 5_000 }).toEqual(before);
    const grown = (process.memoryUsage().heapUsed - heap) / 8;
    expect(grown, 'bytes of heap for each start').toBeLessThan(100_000);
  }, 120_000);

  it('is suspended by the third fault, keeps its seat and says how to resume it', async () => {
    const { ask, status } = await open(await load('COUNTING', counting));
    for (let i = 0; i < 3; i++) await ask(view(99));
    expect(status()).toMatchObject({
      state: 'SUSPENDED',
      reason: expect.stringContaining('signalbox plugins resume COUNTING'),
    });
    expect(await ask(view(1))).toMatchObject({
      signal: 'none',
      code: 'unavailable',
      reasoning: expect.stringContaining('3 faults'),
    });
  });

  it('is not restored from a state that its schema no longer takes, and says so', async () => {
    const said: string[] = [];
    const { ask } = await open(await load('COUNTING', counting), {
      saved: { n: 'ten' },
      log: (text) => said.push(text),
    });
    expect((await ask(view(1))).reasoning).toMatch(/^bar 1,/);
    expect(said.join()).toMatch(/saved state does not fit/);
  });

  it('a strategy that hears its signal answers in time and is not ended', async () => {
    const module = strategyModule(
      'LISTENS',
      `await new Promise((done) => turn.abort.addEventListener('abort', done)); return { signal: 'none', code: 'timeout', reasoning: 'gave up at ' + (Date.now() >= turn.deadline - 5) }`,
    );
    const { ask, status } = await open(await load('LISTENS', module), { deadlineMs: 1_000 });
    expect(await ask(view())).toEqual({ signal: 'none', code: 'timeout', reasoning: 'gave up at true' });
    expect(status().state).toBe('RUNNING');
  });

  it('an answer that has arrived counts, though the host was busy past the deadline', async () => {
    const { ask, status } = await open(await load('COUNTING', counting), { deadlineMs: 400 });
    await ask(view(1));
    const asked = ask(view(2));
    await new Promise((resolve) => setTimeout(resolve, 5)); // the question leaves
    const until = performance.now() + 1_000;
    while (performance.now() < until);
    expect((await asked).signal).toBe('flat');
    expect(status().state).toBe('RUNNING');
  });

  it('one without key says why, is no fault, and leaves no process', async () => {
    const module = strategyModule('NOKEY', '').replace(
      'create({ saved',
      `create() { throw Object.assign(new Error('no key'), { name: 'SignalboxError', code: 'STRATEGY_UNAVAILABLE', remedy: 'Set KEY.' }) }, other({ saved`,
    );
    const faults: Fault[] = [];
    const { ask, status } = await open(await load('NOKEY', module), {
      ledger: createFaultLedger({ keep: (_, fault) => faults.push(fault) }),
    });
    expect(status()).toMatchObject({ state: 'DEGRADED', reason: 'no key Set KEY.' });
    expect(await ask(view())).toMatchObject({ signal: 'none', code: 'unavailable' });
    expect(faults).toEqual([]);
  });

  it.each([
    ['throws while it is imported', `throw new Error('boom at import')`, /boom at import/],
    ['ends its process while it is imported', `process.exit(9)`, /code 9/],
    [
      'takes the memory while it is imported',
      `const k = []; for (;;) k.push(Buffer.alloc(1 << 20, 1))`,
      /MB of memory/,
    ],
    ['is no definition', `export default { code: 'X' }`, /defineStrategy/],
  ])('a package that %s is refused, and the host lives', async (what, module, problem) => {
    const code = `IMPORT_${what.length}`;
    await expect(load(code, module, {}, apart({ memoryMb: 128 }))).rejects.toThrow(problem);
  });

  it('what it prints goes to the log in lines of bounded length and number', async () => {
    const said: string[] = [];
    const module = strategyModule(
      'TALKS',
      `for (let i = 0; i < 200; i++) console.log('line ' + i + ' ' + 'x'.repeat(2000)); console.error('\\u001b[31mred'); return { signal: 'flat', reasoning: '' }`,
    );
    const { ask } = await open(await load('TALKS', module), { log: (text) => said.push(text) });
    await ask(view());
    await expect.poll(() => said.length).toBeGreaterThan(50);
    expect(said.length).toBeLessThanOrEqual(61);
    expect(Math.max(...said.map((text) => text.length))).toBeLessThanOrEqual(501);
    expect(said.join('')).not.toContain('\u001b');
  });

  it.runIf(process.platform === 'linux')('one that a killed host left behind is ended by the next host', async () => {
    const dead = spawn('true');
    await new Promise((resolve) => dead.once('exit', resolve));
    const orphan = spawn(process.execPath, ['-e', 'for (;;);', childEntry(), String(dead.pid)], { stdio: 'ignore' });
    const own = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)', childEntry(), String(process.pid)], {
      stdio: 'ignore',
    });
    const gone = new Promise((resolve) => orphan.once('exit', (_, signal) => resolve(signal)));
    await expect.poll(() => endOrphans(childEntry())).toBeGreaterThan(0);
    expect(await gone).toBe('SIGKILL');
    expect(own.exitCode).toBeNull();
    own.kill('SIGKILL');
  });
});
