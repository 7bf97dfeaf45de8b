import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type Koa from 'koa';
import { SignalboxError } from '@signalbox/core';
import type { Channel } from '../live/channel.js';
import type { Live } from '../live/live.js';
import type { Shortcut } from './wire.js';
import { ownerOfPort } from './port-owner.js';

export interface Service {
  readonly name: string;
  readonly defaultPort: number;
  readonly application: Koa;
  /** Answers upgrades to WebSockets; without it there are none. */
  readonly live?: Live;
  /** Those of `live` that it serves. */
  readonly channels?: readonly Channel[];
  /** Answers before the application does, or leaves the request to it. */
  readonly shortcut?: Shortcut;
}

/** How long clients of WebSockets may take for their goodbye when the host stops: more than `Live` gives them. */
const UPGRADED_GRACE_MS = 3_000;

export interface ListenOptions {
  /** The service's default without it. 0 is any free port. */
  readonly port?: number;
  /** Whether a taken port gives way to the next free one; by default only when no port is given. */
  readonly nextFree?: boolean;
  /** 127.0.0.1 by default. */
  readonly bind?: string;
  /** Milliseconds that a request's head, and the whole of it, may take to arrive; 10,000 and 15,000 by default. */
  readonly patience?: { readonly head: number; readonly request: number };
}

export interface Listening {
  readonly name: string;
  readonly port: number;
  readonly url: string;
  /** Ends open connections, too. */
  close(): Promise<void>;
}

const TRIES = 100;
const PATIENCE = { head: 10_000, request: 15_000 };

/**
 * @throws PORT_TAKEN when a configured port is taken, naming by whom where that can be found
 * @throws BIND_REFUSED when the address cannot be listened on
 */
export async function listen(
  service: Service,
  { port, bind = '127.0.0.1', nextFree = port === undefined, patience = PATIENCE }: ListenOptions = {},
): Promise<Listening> {
  const first = port ?? service.defaultPort;
  const last = nextFree ? first + TRIES : first;
  for (let candidate = first; candidate <= last; candidate++) {
    const application = service.application.callback();
    const { shortcut } = service;
    // slow senders hold a socket for seconds, not for ever; Node looks each 30 s unless told otherwise
    const server = createServer(
      {
        headersTimeout: patience.head,
        requestTimeout: patience.request,
        connectionsCheckingInterval: Math.min(1_000, patience.head / 4),
      },
      (request, response) => {
        if (!shortcut?.(request, response)) void application(request, response);
      },
    );
    server.maxConnections = 5_000;
    server.maxRequestsPerSocket = 100_000;
    try {
      await open(server, candidate, bind);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EADDRINUSE' && candidate < last) continue;
      throw await refusal(service.name, candidate, bind, code, error);
    }
    const close = service.live?.attach(server, service.channels);
    return listening(service.name, server, bind, close);
  }
  throw new RangeError('unreachable');
}

function open(server: Server, port: number, bind: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: bind, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function listening(name: string, server: Server, bind: string, detach?: () => void): Listening {
  const { port } = server.address() as AddressInfo;
  // the server forgets a socket once it is upgraded, and yet waits for its end
  const upgraded = new Set<Duplex>();
  if (detach)
    server.on('upgrade', (_, socket) => {
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
    });
  return {
    name,
    port,
    url: `http://${bind === '127.0.0.1' || bind === '0.0.0.0' ? 'localhost' : bind.includes(':') ? `[${bind}]` : bind}:${port}`,
    close: () =>
      new Promise((resolve) => {
        detach?.();
        const cut = setTimeout(() => upgraded.forEach((socket) => socket.destroy()), UPGRADED_GRACE_MS);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function refusal(name: string, port: number, bind: string, code: string | undefined, cause: unknown) {
  if (code === 'EADDRINUSE') {
    const owner = await ownerOfPort(port);
    return new SignalboxError(
      'PORT_TAKEN',
      `port ${port}, configured for ${name}, is taken${owner ? ` by ${owner}` : ''}`,
      `End that program, or set another port: services.${name}.port in signalbox.config.json.`,
      { cause },
    );
  }
  return new SignalboxError(
    'BIND_REFUSED',
    `${name} cannot listen on ${bind}:${port} (${code ?? 'unknown'})`,
    'Set bind to an address of this machine and a port that you may use (above 1023).',
    { cause },
  );
}
