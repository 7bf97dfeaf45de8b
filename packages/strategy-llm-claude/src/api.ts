import type Anthropic from '@anthropic-ai/sdk';
import type { Message, MessageCreateParamsNonStreaming } from '@anthropic-ai/sdk/resources/messages';
import { StrategyUnavailable, type NoOpinionCode, type Turn } from '@signalbox/core';
import { ANSWER_SCHEMA, readAnswer, type Answer } from './answer.js';
import type { Budget, Cost } from './budget.js';
import type { Settings } from './config.js';
import type { Prompt } from './prompt.js';
import { plainText } from './text.js';

/** Tokens as the API counted them. */
export interface Usage {
  readonly input_tokens: number;
  readonly output_tokens: number;
}

export type Reply =
  | { readonly answer: Answer; readonly usage: Usage }
  | { readonly code: Extract<NoOpinionCode, 'unavailable' | 'timeout' | 'budget'>; readonly reason: string };

export interface Api {
  /** One question; settles before the deadline, never rejects. */
  ask(prompt: Prompt, turn: Turn): Promise<Reply>;
}

const OVERHEAD_TOKENS = 512; // what the API adds of its own to a request: role marks, the schema of the answer
const LOCAL = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** The dearest that one attempt can be: a token has at least a byte. */
export function dearest(prompt: Pick<Prompt, 'bytes'>, settings: Settings, budget: Budget): Cost {
  return budget.costOf(prompt.bytes + OVERHEAD_TOKENS, settings.max_tokens);
}

/** Loads the SDK and makes a client that knows this key and this address, and nothing else of its environment. */
export async function openApi(
  settings: Settings,
  key: string,
  baseUrl: string | undefined,
  budget: Budget,
): Promise<Api> {
  if (baseUrl !== undefined) checkAddress(baseUrl);
  const { default: Client } = await import('@anthropic-ai/sdk');
  const client = new Client({
    apiKey: key,
    authToken: null,
    baseURL: baseUrl ?? 'https://api.anthropic.com',
    maxRetries: settings.retries,
    logLevel: 'off', // ANTHROPIC_LOG=debug would print prompts
    openTelemetry: false,
    fetchOptions: { redirect: 'error' }, // a redirect would carry the key to another host
  });
  return { ask: (prompt, turn) => ask(client, Client, settings, key, budget, prompt, turn) };
}

async function ask(
  client: Anthropic,
  { APIError, APIConnectionError }: typeof Anthropic,
  settings: Settings,
  key: string,
  budget: Budget,
  prompt: Prompt,
  turn: Turn,
): Promise<Reply> {
  const now = Date.now();
  const left = Math.min(settings.max_wait_seconds * 1000, (turn.deadline - now) * settings.deadline_share);
  const end = now + left;
  if (turn.abort.aborted || !(left > 0)) return { code: 'timeout', reason: 'the deadline of the bar had passed' };

  const own = new AbortController();
  const stop = (): void => own.abort();
  const timer = setTimeout(stop, left);
  turn.abort.addEventListener('abort', stop, { once: true });
  const most = dearest(prompt, settings, budget);
  let attempts = 0;
  let refused: string | null = null;
  let last = ''; // what the API said last, for a question that ends between two attempts

  try {
    const message = await client.messages.create(body(settings, prompt), {
      signal: own.signal,
      timeout: Math.ceil(left) + 60_000, // the signal ends it, with all its attempts
      middleware: [
        async (request, next) => {
          refused = budget.reserve(most);
          if (refused !== null) throw new Error('budget');
          attempts += 1;
          const response = await next(request);
          if (response.ok) return response;
          budget.settle(most, { tokens: 0, usd: 0 }); // errors are not billed
          const wait = retryAfter(response.headers);
          last = `${response.status}${wait === null ? '' : `, asked to wait ${wait / 1000} s`}`;
          if (wait === null || Date.now() + wait < end) return response;
          const headers = new Headers(response.headers);
          headers.set('x-should-retry', 'false');
          return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
        },
      ],
    });
    return readMessage(message, settings, budget, most, key);
  } catch (error) {
    if (refused !== null) return { code: 'budget', reason: refused };
    const tried = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
    if (own.signal.aborted) {
      const limit = turn.abort.aborted ? 'before the turn was aborted' : `within ${(left / 1000).toFixed(2)} s`;
      return { code: 'timeout', reason: `no answer ${limit} (${tried}${last && `, the last said ${last}`})` };
    }
    if (error instanceof APIError && typeof error.status === 'number') {
      return {
        code: 'unavailable',
        reason: `${statusReason(error.status)} after ${tried}: ${last}${detail(error, key)}`,
      };
    }
    if (error instanceof APIConnectionError)
      return { code: 'unavailable', reason: `the API cannot be reached (${tried}): ${safe(causeOf(error), key)}` };
    return { code: 'unavailable', reason: `the API's answer cannot be read: ${safe(String(error), key)}` };
  } finally {
    clearTimeout(timer);
    turn.abort.removeEventListener('abort', stop);
  }
}

function body(settings: Settings, prompt: Prompt): MessageCreateParamsNonStreaming {
  const { model, max_tokens, temperature, thinking, structured_output } = settings;
  const sampling: { temperature?: number } = temperature === undefined ? {} : { temperature };
  return {
    model,
    max_tokens,
    system: prompt.system,
    messages: [{ role: 'user', content: prompt.user }],
    ...(thinking !== 'unset' && { thinking: { type: thinking } }),
    ...(structured_output && { output_config: { format: { type: 'json_schema', schema: ANSWER_SCHEMA } } }),
    ...sampling,
  };
}

function readMessage(message: Message, settings: Settings, budget: Budget, most: Cost, key: string): Reply {
  const no = (reason: string): Reply => ({ code: 'unavailable', reason });
  const usage = readUsage(message);
  if (usage) budget.settle(most, budget.costOf(usage.input_tokens, usage.output_tokens));
  if (!Array.isArray(message?.content)) return no('the API answered with something that is no message');
  switch (message.stop_reason) {
    case 'end_turn':
      break;
    case 'refusal':
      return no('the model refused to answer');
    case 'max_tokens':
      return no(`the answer was cut off at max_tokens (${settings.max_tokens})`);
    default:
      return no(`the model stopped for another reason: ${plainText(String(message.stop_reason), 40)}`);
  }
  const foreign = message.content.find(({ type }) => type !== 'text' && !/^(?:redacted_)?thinking$/.test(type));
  if (foreign) return no(`the model answered with a block of type ${plainText(String(foreign.type), 40)}`);
  const text = message.content.flatMap((block) => (block.type === 'text' ? [String(block.text)] : [])).join('');
  const answer = readAnswer(text.replaceAll(key, '[key]'));
  if ('fault' in answer) return no(`the model's answer does not fit its schema: ${answer.fault}`);
  return usage ? { answer, usage } : no('the API did not say how many tokens it used');
}

function readUsage(message: Message): Usage | null {
  const { usage } = message ?? {};
  const input = [usage?.input_tokens, usage?.cache_creation_input_tokens ?? 0, usage?.cache_read_input_tokens ?? 0];
  const output = usage?.output_tokens;
  const valid = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!input.every(valid) || !valid(output)) return null;
  return { input_tokens: input.reduce((sum, n) => sum + n, 0), output_tokens: output };
}

/** Milliseconds that the API asks to wait, as the SDK reads them; null when it does not say. */
function retryAfter(headers: Headers): number | null {
  const exact = Number.parseFloat(headers.get('retry-after-ms') ?? '');
  if (exact > 0) return exact;
  const text = headers.get('retry-after');
  if (text === null) return null;
  const seconds = Number.parseFloat(text);
  const wait = Number.isNaN(seconds) ? Date.parse(text) - Date.now() : seconds * 1000;
  return wait > 0 ? wait : null;
}

function statusReason(status: number): string {
  if (status === 401 || status === 403) return 'the API refuses the key';
  if (status === 402) return 'the API asks for payment';
  if (status === 404) return 'the API does not know the model or the address';
  if (status === 413) return 'the API finds the question too large';
  if (status === 429) return 'the API limits the rate';
  if (status === 529) return 'the API is overloaded';
  return status >= 500 ? 'the API failed' : 'the API refuses the question';
}

function detail(error: { readonly error?: unknown }, key: string): string {
  const { error: inner } = (error.error ?? {}) as { error?: { message?: unknown } };
  return typeof inner?.message === 'string' ? `, ${safe(inner.message, key)}` : '';
}

function causeOf(error: Error): string {
  let deepest: unknown = error;
  for (let depth = 0; depth < 5 && deepest instanceof Error && deepest.cause !== undefined; depth++)
    deepest = deepest.cause;
  return deepest instanceof Error ? `${(deepest as { code?: string }).code ?? deepest.message}` : String(deepest);
}

/** One short line without the key, whatever the other side wrote. */
function safe(text: string, key: string): string {
  return plainText(text.replaceAll(key, '[key]'), 160);
}

function checkAddress(baseUrl: string): void {
  let url: URL | null = null;
  try {
    url = new URL(baseUrl);
  } catch {
    // told below
  }
  const private_ = url?.protocol === 'http:' && LOCAL.test(url.hostname);
  if (url && !url.username && !url.password && (url.protocol === 'https:' || private_)) return;
  throw new StrategyUnavailable(
    'not configured: the address of the API is no https address (http only for this machine), or holds a password.',
    'Correct base_url in the parameters of LLM_CLAUDE, or ANTHROPIC_BASE_URL in the environment.',
  );
}
