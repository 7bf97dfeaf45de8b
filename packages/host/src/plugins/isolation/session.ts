import { SignalboxError, type AnyView, type Opinion } from '@signalbox/core';
import type { Fault } from '../faults.js';
import type { Serving } from '../serving.js';
import { isFault, type Answer, type Failed, type PluginProcess } from './process.js';
import type { SessionOrder } from './protocol.js';

/** What one start may take: the import of the package, and `create` with its model. */
export const START_DEADLINE_MS = 20_000;
/** How long others wait for a strategy that starts; then it goes on starting beside them. */
export const PATIENCE_MS = 5_000;

export interface ApartOptions {
  /** A process of the package; the one that discovery has warmed, or a new one. */
  readonly start: () => PluginProcess;
  readonly order: SessionOrder;
  /** Wall milliseconds for one answer. */
  readonly deadlineMs: number;
  /** With it one that fails to start is started again; without it that is thrown. */
  readonly insist: boolean;
  /** How long its opening waits for it. */
  readonly patienceMs?: number;
  /** Each fault, as it happens. @returns why the strategy is suspended from now on; null when it is not */
  readonly onFault: (fault: Fault) => string | null;
  /** It serves (again), or why it does not. */
  readonly onState: (state: 'READY' | 'RUNNING' | 'DEGRADED' | 'FAULTED', reason: string | null) => void;
  readonly onLog: PluginProcess['onLog'];
}

type Opening = { readonly members: readonly string[] } | Failed | Fault;

/**
 * Opens a strategy in a process of its own. When the process dies it is started anew with the state after the last answer, which
 * is that of the last committed bar, until the ledger suspends the strategy.
 * @throws SignalboxError when the strategy says itself that it cannot serve; an Error when it fails to start and nobody insists
 */
export async function openApart(options: ApartOptions): Promise<Serving> {
  const { order, deadlineMs, onFault, onState } = options;
  let state: unknown = order.saved ?? null;
  /** The one that serves. */
  let serving: PluginProcess | null = null;
  /** The one that is being started. */
  let candidate: PluginProcess | null = null;
  let starting: Promise<unknown> = Promise.resolve();
  let closed = false;
  let members: readonly string[] | null = null;
  let down = 'it is being started';

  const open = async (): Promise<Opening> => {
    const started = (candidate = options.start());
    started.onLog = options.onLog;
    const opened = await started.open({ ...order, saved: state ?? undefined }, START_DEADLINE_MS);
    candidate = null;
    if (!('members' in opened)) {
      await started.kill();
      return opened;
    }
    if (closed) {
      await started.kill();
      return { kind: 'exit', detail: 'it was closed' };
    }
    state = opened.state;
    members = opened.members;
    serving = started;
    started.onDeath = (fault) => {
      if (serving !== started) return;
      serving = null;
      fail(fault);
    };
    return opened;
  };

  const fail = (fault: Fault): void => {
    down = fault.detail;
    const suspended = onFault(fault);
    onState('FAULTED', fault.detail);
    if (suspended === null && !closed) starting = open().then(judge);
  };

  const judge = (opened: Opening): void => {
    if (closed) return;
    if ('members' in opened) onState('READY', down === STARTING ? null : `started again after a fault: ${down}`);
    else if (isFault(opened)) fail(opened);
    else if (opened.code === null) fail({ kind: 'start', detail: `it failed to start: ${opened.message}` });
    else {
      down = opened.message;
      onState('DEGRADED', `${opened.message} ${opened.remedy ?? ''}`.trim());
    }
  };

  const STARTING = down;
  const opening = open();
  const first = await within(opening, options.patienceMs ?? PATIENCE_MS);
  if (first === undefined) {
    onState('FAULTED', 'it takes long to start');
    starting = opening.then(judge);
  } else if ('members' in first) judge(first);
  else if (!isFault(first) && first.code !== null) {
    throw new SignalboxError('STRATEGY_UNAVAILABLE', first.message, first.remedy ?? 'See the README of the strategy.');
  } else if (options.insist) judge(first);
  else {
    onFault(isFault(first) ? first : { kind: 'start', detail: first.message });
    throw new Error(isFault(first) ? first.detail : first.message);
  }

  const settled = (answer: Answer | Fault): Opinion => {
    if (isFault(answer)) {
      // a process that died has told its fault already
      return { signal: 'none', code: answer.kind === 'timeout' ? 'timeout' : 'unavailable', reasoning: answer.detail };
    }
    if (answer.fault?.kind !== 'state') state = answer.state;
    if (answer.fault === null) onState('RUNNING', null);
    else {
      onFault(answer.fault);
      onState('DEGRADED', answer.fault.detail);
    }
    return answer.opinion;
  };

  /** One that is being started is waited for, within the deadline of the bar. */
  const askLater = async (view: AnyView): Promise<Opinion> => {
    const begun = performance.now();
    const copy = structuredClone(view);
    await within(starting, deadlineMs);
    const left = Math.round(deadlineMs - (performance.now() - begun));
    if (serving === null || left < 1)
      return { signal: 'none', code: left < 1 ? 'timeout' : 'unavailable', reasoning: down };
    return settled(await serving.ask(copy, left));
  };

  return {
    get members() {
      return members;
    },
    ask: (view) => (serving === null ? askLater(view) : serving.ask(view, deadlineMs).then(settled)),
    state: () => state,
    async close() {
      closed = true;
      const last = serving;
      serving = null;
      await Promise.all([last?.close(), candidate?.kill()]);
      await starting;
    },
  };
}

/** The value, or undefined when it takes longer. */
async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), milliseconds)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
