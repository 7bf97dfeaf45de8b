import { spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { serialize } from 'node:v8';
import type { AnyView, Opinion } from '@signalbox/core';
import type { ConformanceReport } from '@signalbox/core/testing';
import { names } from '../definition.js';
import type { Fault } from '../faults.js';
import { boundedOpinion, storable } from '../opinion.js';
import { environmentOf } from './environment.js';
import { frame, FrameReader } from './frames.js';
import { watchMemory } from './memory.js';
import { captureOutput, type Output } from './output.js';
import type { ConformOrder, Order, SessionOrder } from './protocol.js';
import { stateFault } from './state.js';

/** Log messages of a child that cannot come from our side of its pipe, which sends fewer. */
const FLOOD_A_SECOND = 500;
/** For the last words on stderr after the end of the process. */
const LAST_WORDS_MS = 50;

export interface ProcessOptions {
  /** Name of the package, for messages. */
  readonly name: string;
  /** The module that its `exports` name, an absolute path. */
  readonly entry: string;
  /** Environment variables that its package.json asks for. */
  readonly env: readonly string[];
  /** Resident megabytes at which it is ended. */
  readonly memoryMb: number;
  readonly cwd: string;
  /** What the host's environment is; the process's own by default. */
  readonly hostEnv?: Readonly<Record<string, string | undefined>>;
}

export interface Answer {
  readonly opinion: Opinion;
  readonly fault: Fault | null;
  /** What `save` gave after the bar. */
  readonly state: unknown;
}

/** A coded refusal by the strategy itself, or by our own check of what it needs. */
export interface Failed {
  readonly message: string;
  readonly code: string | null;
  readonly remedy: string | null;
}

interface Waiting {
  readonly id: number;
  readonly resolve: (answer: Answer | Fault) => void;
}

/**
 * One package in a process of its own. It may throw, hang, leak, exit, or write anything to its pipe: the process is ended and
 * the reason is told, once. Nothing that it sends is believed before it is checked, and no more of it is held than one message.
 */
export class PluginProcess {
  /** Called for what the strategy logs and prints. */
  onLog: (message: string, facts?: Readonly<Record<string, string | number | boolean>>) => void = () => {};
  /** Called once, with why, when the process is gone without having been asked to. */
  onDeath: (fault: Fault) => void = () => {};

  private readonly child: ChildProcess;
  private readonly pipe: Duplex;
  private readonly output: Output;
  private readonly unwatch: () => void;
  private death: Fault | null = null;
  private closing = false;
  private loaded = false;
  private waiting: Waiting | null = null;
  private next: {
    readonly kinds: readonly string[];
    readonly resolve: (reply: Record<string, unknown> | Fault) => void;
  } | null = null;
  private asked = 0;
  private logs = 0;
  private logsSince = 0;
  private readonly gone: Promise<void>;

  constructor(private readonly options: ProcessOptions) {
    this.child = spawn(
      process.execPath,
      [`--max-old-space-size=${options.memoryMb}`, '--no-warnings', childEntry(), String(process.pid)],
      {
        cwd: options.cwd,
        env: environmentOf(options.env, options.hostEnv ?? process.env),
        stdio: ['ignore', 'pipe', 'pipe', process.platform === 'win32' ? 'overlapped' : 'pipe'],
        windowsHide: true,
      },
    );
    this.pipe = this.child.stdio[3] as Duplex;
    this.output = captureOutput([this.child.stdout, this.child.stderr] as Readable[], (line) => this.onLog(line));
    const { pid } = this.child;
    this.unwatch =
      pid === undefined
        ? () => {}
        : watchMemory(pid, options.memoryMb * 1024 * 1024, (bytes) =>
            this.end({
              kind: 'memory',
              detail: `it took ${Math.round(bytes / 1024 / 1024)} MB of memory, ${options.memoryMb} are allowed`,
            }),
          );
    const reader = new FrameReader();
    this.pipe.on('error', () => {});
    this.pipe.on('data', (chunk: Buffer) => {
      if (this.death !== null) return;
      try {
        reader.push(chunk, (payload) => this.hear(payload));
      } catch (error) {
        this.end({
          kind: 'channel',
          detail: `it wrote nonsense to its pipe: ${(error as Error).message.slice(0, 200)}`,
        });
      }
    });
    this.gone = new Promise((resolve) => {
      const done = (what: string): void => {
        if (this.closing && this.death === null) this.settle({ kind: 'exit', detail: 'it was closed' }, false);
        else this.settle({ kind: 'exit', detail: `${what}${this.lastWords()}` }, true);
        resolve();
      };
      this.child.once('error', (error) => done(`its process could not be started: ${error.message}`));
      this.child.once('exit', (code, signal) => {
        const what = signal === null ? `its process ended with code ${code}` : `its process was ended by ${signal}`;
        let told = false;
        const tell = (): void => {
          if (told) return;
          told = true;
          clearTimeout(timer);
          done(what);
        };
        const timer = setTimeout(tell, LAST_WORDS_MS);
        this.child.once('close', tell);
      });
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get alive(): boolean {
    return this.death === null && !this.closing;
  }

  /** Imports the package. @returns its description, unchecked; what it refused with; or how it died */
  async load(milliseconds: number): Promise<{ readonly description: unknown } | Failed | Fault> {
    const order: Order = { kind: 'load', entry: this.options.entry };
    const loaded = await this.request(order, 'loaded', milliseconds, ({ description }) => ({ description }));
    this.loaded = 'description' in loaded;
    return loaded;
  }

  /** Opens the strategy for one symbol, after its import. */
  async open(
    order: SessionOrder,
    milliseconds: number,
  ): Promise<{ readonly members: readonly string[]; readonly state: unknown } | Failed | Fault> {
    if (!this.loaded) {
      const loaded = await this.load(milliseconds);
      if (!('description' in loaded)) return loaded;
    }
    return this.request({ kind: 'open', ...order }, 'opened', milliseconds, (reply) => {
      const wrong = !names(reply['members']) ? 'its members are no list of names' : stateFault(reply['state']);
      if (wrong !== null) return this.end({ kind: 'channel', detail: wrong });
      return { members: reply['members'] as string[], state: reply['state'] };
    });
  }

  /** Runs the conformance kit over the package. */
  async conform(
    order: ConformOrder,
    milliseconds: number,
  ): Promise<{ readonly report: ConformanceReport } | Failed | Fault> {
    return this.request({ kind: 'conform', ...order }, 'conformed', milliseconds, (reply) => {
      const report = reply['report'] as Partial<ConformanceReport> | null;
      if (typeof report?.passed === 'boolean' && Array.isArray(report.cases))
        return { report: report as ConformanceReport };
      return this.end({ kind: 'channel', detail: 'its report is none' });
    });
  }

  /**
   * Asks for an opinion. The view is copied at once. After `milliseconds` the process is ended.
   * @returns the answer, or how the process died instead
   */
  ask(view: AnyView, milliseconds: number): Promise<Answer | Fault> {
    if (this.death !== null) return Promise.resolve(this.death);
    const id = ++this.asked;
    this.send({ kind: 'ask', id, view, milliseconds });
    return new Promise((resolve) => {
      const timer = afterReading(milliseconds, () =>
        this.end({ kind: 'timeout', detail: `no answer within ${milliseconds} ms; its process was ended` }),
      );
      this.waiting = {
        id,
        resolve: (answer) => {
          timer.stop();
          resolve(answer);
        },
      };
    });
  }

  /** Lets the strategy end in order, and ends the process when it does not within two seconds. */
  async close(milliseconds = 2_000): Promise<void> {
    if (this.death === null && !this.closing) {
      this.closing = true;
      this.send({ kind: 'close' });
    }
    const timer = setTimeout(() => this.child.kill('SIGKILL'), milliseconds);
    await this.gone;
    clearTimeout(timer);
  }

  /** Ends the process at once and waits until it is gone. */
  async kill(): Promise<void> {
    this.closing = true;
    this.child.kill('SIGKILL');
    await this.gone;
  }

  private send(order: Order): void {
    if (!this.pipe.destroyed) this.pipe.write(frame(serialize(order)));
  }

  private async request<T>(
    order: Order,
    kind: string,
    milliseconds: number,
    read: (reply: Record<string, unknown>) => T | Fault,
  ): Promise<T | Failed | Fault> {
    if (this.death !== null) return this.death;
    const reply = await new Promise<Record<string, unknown> | Fault>((resolve) => {
      const timer = afterReading(milliseconds, () =>
        this.end({ kind: 'start', detail: `it was not ready within ${milliseconds} ms; its process was ended` }),
      );
      this.next = {
        kinds: [kind, 'failed'],
        resolve: (value) => {
          timer.stop();
          resolve(value);
        },
      };
      this.send(order);
    });
    if (isFault(reply)) return reply;
    if (reply['kind'] !== 'failed') return read(reply);
    const text = (value: unknown): string | null => (typeof value === 'string' ? storable(value, 2_000) : null);
    return { message: text(reply['message']) ?? 'it failed', code: text(reply['code']), remedy: text(reply['remedy']) };
  }

  /** One message. @throws Error for one that our side of the pipe never sends */
  private hear(payload: Buffer): void {
    if (this.death !== null) return;
    const value: unknown = JSON.parse(payload.toString('utf8'));
    const reply = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    const { kind } = reply;
    if (kind === 'answer') {
      const asked = this.waiting;
      if (asked === null || reply['id'] !== asked.id) throw new Error('an answer that nobody waits for');
      const wrong = stateFault(reply['state']);
      const fault: Fault | null =
        wrong !== null
          ? { kind: 'state', detail: wrong }
          : typeof reply['fault'] === 'string'
            ? {
                kind: reply['fault'].startsWith('malformed') ? 'malformed' : 'throw',
                detail: storable(reply['fault'], 300),
              }
            : null;
      this.waiting = null;
      asked.resolve({
        opinion: boundedOpinion(reply['opinion']),
        fault,
        state: wrong === null ? reply['state'] : null,
      });
    } else if (kind === 'log') {
      this.countLog();
      const facts = reply['facts'];
      this.onLog(
        storable(String(reply['message']), 1_000),
        typeof facts === 'object' && facts !== null ? (facts as Record<string, string>) : undefined,
      );
    } else if (this.next?.kinds.includes(String(kind))) {
      const { resolve } = this.next;
      this.next = null;
      resolve(reply);
    } else throw new Error('a message that is none of ours');
  }

  private countLog(): void {
    const now = performance.now();
    if (now - this.logsSince > 1_000) {
      this.logsSince = now;
      this.logs = 0;
    }
    if (++this.logs > FLOOD_A_SECOND) throw new Error(`more than ${FLOOD_A_SECOND} messages in a second`);
  }

  /** The process is of no use any more: it is ended, and whoever waits hears why. */
  private end(fault: Fault): Fault {
    if (this.death !== null) return this.death;
    this.child.kill('SIGKILL');
    this.settle(fault, !this.closing);
    return fault;
  }

  private settle(fault: Fault, tell: boolean): void {
    if (this.death !== null) return this.release();
    this.death = fault;
    this.release();
    const { waiting, next } = this;
    this.waiting = this.next = null;
    waiting?.resolve(fault);
    next?.resolve(fault);
    if (tell) this.onDeath(fault);
  }

  private release(): void {
    this.unwatch();
    this.output.stop();
    this.pipe.destroy();
  }

  /** The line of stderr that says why a process died. */
  private lastWords(): string {
    const lines = this.output
      .tail()
      .split('\n')
      .filter((line) => line.trim() !== '' && !/^\s+at |^Node\.js v/.test(line));
    const said = lines.findLast((line) => /error|fatal/i.test(line)) ?? lines.at(-1);
    return said === undefined ? '' : `: ${storable(said.trim(), 200)}`;
  }
}

export function isFault(value: object): value is Fault {
  return 'detail' in value && 'kind' in value;
}

/**
 * A timer that lets what has arrived be read first: a host that was stopped, or busy, for longer than the time finds the timer
 * and the answer together.
 */
function afterReading(milliseconds: number, late: () => void): { stop(): void } {
  let stopped = false;
  const timer = setTimeout(() => setImmediate(() => setImmediate(() => (stopped ? undefined : late()))), milliseconds);
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Built beside the host, for those who run its source as well. */
export function childEntry(): string {
  const manifest = createRequire(import.meta.url).resolve('@signalbox/host/package.json');
  return join(dirname(manifest), 'dist', 'plugin-child.js');
}
