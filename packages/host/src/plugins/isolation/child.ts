// The other end of a plugin's pipe: the process in which one package runs, for one symbol. It speaks on descriptor 3 only, so
// that what the package prints is nothing but output.
import { Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import { deserialize } from 'node:v8';
import { isSignalboxError, openSession, opinionFault, type AnySession, type AnyStrategy } from '@signalbox/core';
import { describe } from '../definition.js';
import { boundedOpinion } from '../opinion.js';
import { frame, FrameReader } from './frames.js';
import type { ConformOrder, Order, Reply, SessionOrder } from './protocol.js';

const LOGS_A_SECOND = 100;
/** Before the host ends the process a strategy that listens to its signal may still answer. */
const MARGIN_MS = 100;

const channel = new Socket({ fd: 3, readable: true, writable: true });
let definition: AnyStrategy | undefined;
let session: AnySession | undefined;

const send = (reply: Reply): void => void channel.write(frame(Buffer.from(JSON.stringify(reply))));

const reader = new FrameReader(Number.MAX_SAFE_INTEGER);
channel.on('data', (chunk: Buffer) => reader.push(chunk, (payload) => void obey(deserialize(payload) as Order)));
// without its host it has nothing to do
channel.on('close', () => process.exit(0));
channel.on('error', () => process.exit(0));

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'load':
      return load(order.entry);
    case 'open':
      return open(order);
    case 'ask':
      return answer(order.id, order.view, order.milliseconds);
    case 'conform':
      return conform(order);
    case 'close':
      await Promise.resolve(session?.close?.()).catch(() => {});
      process.exit(0);
  }
}

async function load(entry: string): Promise<void> {
  try {
    const module = (await import(pathToFileURL(entry).href)) as { default?: unknown };
    definition = module.default as AnyStrategy;
    send({ kind: 'loaded', description: describe(definition) });
  } catch (error) {
    send(failure(error));
  }
}

async function open({ config, saved, ...rest }: SessionOrder): Promise<void> {
  let logged = 0;
  setInterval(() => (logged = 0), 1_000).unref();
  try {
    const { featureDefinitions, ...options } = rest;
    session = await openSession(definition!, {
      ...options,
      ...(featureDefinitions && { featureDefinitions }),
      config,
      saved: saved ?? undefined,
      log: (message, facts) => {
        if (++logged <= LOGS_A_SECOND)
          send({ kind: 'log', message: String(message).slice(0, 1_000), ...(facts && { facts: plainFacts(facts) }) });
      },
    });
    const members = definition!.membersOf?.(config) ?? [];
    send({ kind: 'opened', members: [...members], state: session.save?.() ?? null });
  } catch (error) {
    send(failure(error));
  }
}

async function conform({ config, artifacts, deadlineMs, plan }: ConformOrder): Promise<void> {
  try {
    const { runConformance } = await import('@signalbox/core/testing');
    const { planOf } = await import('../../inference/configured-plan.js');
    const { instrument, calendar, config: features } = await planOf(plan);
    const options = { config, artifacts, deadlineMs, instrument, calendar, features };
    send({ kind: 'conformed', report: await runConformance(definition, options) });
  } catch (error) {
    send(failure(error));
  }
}

async function answer(id: number, view: Extract<Order, { kind: 'ask' }>['view'], milliseconds: number): Promise<void> {
  const limit = milliseconds - Math.min(MARGIN_MS, milliseconds / 10);
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), limit);
  let opinion: unknown;
  let fault: string | null = null;
  try {
    opinion = await session!.onBar(view, { abort: controller.signal, deadline: Date.now() + limit });
    const malformed = opinionFault(opinion);
    if (malformed !== null) fault = `malformed opinion: ${malformed}`;
  } catch (error) {
    fault = `the strategy failed: ${textOf(error)}`;
  }
  clearTimeout(timer);
  let state: unknown = null;
  try {
    state = session!.save?.() ?? null;
  } catch (error) {
    fault ??= `its save failed: ${textOf(error)}`;
  }
  const said =
    fault === null
      ? boundedOpinion(opinion)
      : boundedOpinion({ signal: 'none', code: 'unavailable', reasoning: fault });
  send({ kind: 'answer', id, opinion: said, fault, state });
}

/** A coded error is the strategy's own word that it cannot serve; anything else is a fault. */
function failure(error: unknown): Reply {
  if (!isSignalboxError(error)) return { kind: 'failed', message: textOf(error) };
  const { code, message, remedy } = error;
  return { kind: 'failed', code, message: message.slice(0, 2_000), remedy: String(remedy).slice(0, 500) };
}

function textOf(error: unknown): string {
  try {
    return (isSignalboxError(error) ? `${error.code}: ${error.message}` : String(error)).slice(0, 300);
  } catch {
    return 'an error that cannot be shown';
  }
}

function plainFacts(facts: object): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(facts)
      .slice(0, 20)
      .map(([key, value]) => [
        key,
        typeof value === 'number' || typeof value === 'boolean' ? value : String(value).slice(0, 300),
      ]),
  );
}
