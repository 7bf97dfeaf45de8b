import type { Log } from './log.js';

/** Milliseconds from which an answer is written down although nothing was wrong with it. */
const SLOW_MS = 1_000;

/** What a service has done for somebody. */
export interface Answered {
  readonly service: string;
  readonly method: string;
  /** The route as it is registered, never the address: what stands in a query is nobody's business. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** An end of a WebSocket. */
export interface SocketClosed {
  readonly path: string;
  readonly code: number;
  readonly reason: string;
  readonly seconds: number;
}

/** Refused, failed and slow answers; one that went well is only counted (`/metrics`). */
export function logAnswer(log: Log, { method, route, status, seconds }: Answered): void {
  const ms = Math.round(seconds * 1000);
  if (status < 400 && ms < SLOW_MS) return;
  const facts = { method, route, status, ms };
  if (status >= 500) log.error(facts, 'an answer failed');
  else if (status >= 400) log.warn(facts, 'a request was refused');
  else log.info(facts, 'a slow answer');
}

/** A client that leaves is no news; one that is cut off is. */
export function logSocket(log: Log, { path, code, reason, seconds }: SocketClosed): void {
  const facts = { path, code, ...(reason === '' ? {} : { reason }), seconds: Math.round(seconds) };
  if (code === 1000 || code === 1001 || code === 1005) log.info(facts, 'a WebSocket was closed');
  else log.warn(facts, 'a WebSocket broke off');
}
