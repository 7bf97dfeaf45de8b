import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from 'koa';
import { compress, encodingFor, unchanged, type Encoding, type Keep, type KeptAnswer } from './keep.js';
import { checkHost, type Access } from './origin.js';

const HEADERS: readonly string[] = Object.freeze([
  'X-Content-Type-Options',
  'nosniff',
  'Cache-Control',
  'private, no-cache',
  'Vary',
  'Accept-Encoding',
]);

/** Sends a kept answer through Koa: 304 to who has it, else in the best encoding. */
export async function send(ctx: Context, answer: KeptAnswer): Promise<void> {
  for (let i = 0; i < HEADERS.length; i += 2) ctx.set(HEADERS[i]!, HEADERS[i + 1]!);
  ctx.set('ETag', answer.etag);
  if (unchanged(ctx.get('if-none-match') || undefined, answer.etag)) {
    ctx.status = 304;
    return;
  }
  const encoding = encodingFor(ctx.get('accept-encoding') || undefined, answer.body.length);
  ctx.status = 200;
  ctx.type = answer.type;
  if (encoding === 'identity') ctx.body = answer.body;
  else {
    answer[encoding] ??= await compress(answer.body, encoding);
    ctx.set('Content-Encoding', encoding);
    ctx.body = answer[encoding];
  }
}

export type Shortcut = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Answers what is kept and fresh before Koa sees it; false leaves the request to Koa. It knows Host, ETag and encodings and
 * nobody's rights: use it only where nobody has to say who he is.
 */
export function createShortcut(
  keep: Keep,
  access: Access,
  onAnswer: (answer: KeptAnswer, status: number, seconds: number) => void,
): Shortcut {
  const hosts = new Set<string>();
  const known = (host: string | undefined): boolean => {
    if (host === undefined) return false;
    if (hosts.has(host)) return true;
    try {
      checkHost(host, access);
    } catch {
      return false;
    }
    if (hosts.size < 100) hosts.add(host);
    return true;
  };
  return (request, response) => {
    if (request.method !== 'GET') return false;
    const began = performance.now();
    const answer = keep.fresh(request.url ?? '');
    if (!answer || !known(request.headers.host)) return false;
    const { headers } = request;
    const same = headers['if-none-match'] !== undefined && unchanged(headers['if-none-match'], answer.etag);
    if (same) {
      response.writeHead(304, [...HEADERS, 'ETag', answer.etag]).end();
    } else {
      const encoding: Encoding = encodingFor(headers['accept-encoding'], answer.body.length);
      const body = encoding === 'identity' ? answer.body : answer[encoding];
      if (!body) return false;
      response
        .writeHead(200, [
          ...HEADERS,
          'ETag',
          answer.etag,
          'Content-Type',
          answer.type,
          'Content-Length',
          String(body.length),
          ...(encoding === 'identity' ? [] : ['Content-Encoding', encoding]),
        ])
        .end(body);
    }
    onAnswer(answer, same ? 304 : 200, (performance.now() - began) / 1000);
    return true;
  };
}
