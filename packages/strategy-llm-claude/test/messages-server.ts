import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the scripted server does with one request. */
export type Turn =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body: unknown }
  | 'hang'
  | 'hang in the body'
  | 'reset';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface MessagesServer {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** Requests whose connection the client gave up. */
  given_up: number;
  /** What the next requests get, in order; the last is repeated. A function sees the request. */
  script(...turns: (Turn | ((request: SeenRequest) => Turn))[]): void;
  close(): Promise<void>;
}

/** A server on this machine that speaks as much of the Messages API as a client meets, by script. */
export async function startMessagesServer(): Promise<MessagesServer> {
  let turns: (Turn | ((request: SeenRequest) => Turn))[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const seen = {
        method: request.method!,
        url: request.url!,
        headers: request.headers,
        body: text === '' ? {} : (JSON.parse(text) as SeenRequest['body']),
      };
      it.seen.push(seen);
      response.on('close', () => {
        if (!response.writableFinished) it.given_up += 1;
      });
      const next = turns.length > 1 ? turns.shift()! : turns[0]!;
      play(typeof next === 'function' ? next(seen) : next, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const it: MessagesServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    given_up: 0,
    script: (...next) => void (turns = next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return it;
}

function play(turn: Turn, response: ServerResponse): void {
  if (turn === 'hang') return;
  if (turn === 'reset') return void response.destroy();
  if (turn === 'hang in the body') {
    response.writeHead(200, { 'content-type': 'application/json' });
    return void response.write('{"type":"message",');
  }
  response.writeHead(turn.status ?? 200, { 'content-type': 'application/json', ...turn.headers });
  response.end(typeof turn.body === 'string' ? turn.body : JSON.stringify(turn.body));
}

/** A message as the API gives it, with a text as its only content. */
export function message(text: string, change: object = {}): Turn {
  return {
    body: {
      id: 'msg_scripted',
      type: 'message',
      role: 'assistant',
      model: 'scripted',
      content: [{ type: 'text', text }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 1000, output_tokens: 80 },
      ...change,
    },
  };
}

export function answer(change: object = {}): Turn {
  return message(JSON.stringify({ direction: 'long', confidence: 0.7, reasoning: 'rsi_9 is low.', ...change }));
}

export function apiError(status: number, type: string, headers: Readonly<Record<string, string>> = {}): Turn {
  return { status, headers, body: { type: 'error', error: { type, message: `scripted ${type}` } } };
}
