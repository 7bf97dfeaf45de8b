/** JSON Schema of the configuration. The table in the README is made from it, and so are the defaults. */
export const CONFIG = {
  type: 'object',
  additionalProperties: false,
  properties: {
    mode: {
      type: 'string',
      enum: ['live', 'replay', 'record'],
      default: 'live',
      description:
        'live asks the API; replay answers from the recording only; record asks the API and appends each answer to the recording',
    },
    recording: {
      type: 'string',
      minLength: 7,
      maxLength: 1024,
      pattern: '\\.jsonl$',
      description: 'path of the recording, from the working directory of the process',
    },
    model: {
      type: 'string',
      pattern: '^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,99}$',
      default: 'claude-haiku-5-5',
      description: 'id of the model',
    },
    base_url: {
      type: 'string',
      maxLength: 512,
      pattern: '^https?://',
      description:
        'where the Messages API is; http only for this machine. Without it ANTHROPIC_BASE_URL, else the public API',
    },
    knowledge_cutoff: {
      type: 'string',
      pattern: '^\\d{4}-\\d{2}-\\d{2}$',
      default: '2026-06-30',
      description: 'last day that the model may know; bars up to it are neither recorded nor replayed',
    },
    max_tokens: {
      type: 'integer',
      minimum: 64,
      maximum: 4096,
      default: 400,
      description: 'bound on the tokens of one answer',
    },
    temperature: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      description: 'sent only when set: newer models refuse it',
    },
    thinking: {
      type: 'string',
      enum: ['disabled', 'adaptive', 'unset'],
      default: 'disabled',
      description:
        'sent as the thinking type; unset sends none. Thinking counts against max_tokens and costs as output',
    },
    structured_output: {
      type: 'boolean',
      default: true,
      description:
        'send the schema of the answer to the API; off for servers that do not know it. Answers are checked in any case',
    },
    deadline_share: {
      type: 'number',
      minimum: 0.1,
      maximum: 1,
      default: 0.8,
      description: 'share of the time until the deadline of the bar that one question may take',
    },
    max_wait_seconds: {
      type: 'number',
      minimum: 0.05,
      maximum: 120,
      default: 20,
      description: 'bound on one question, retries included, whatever the deadline',
    },
    retries: {
      type: 'integer',
      minimum: 0,
      maximum: 2,
      default: 1,
      description:
        'further attempts after 408, 409, 429, 5xx or a lost connection; retry-after is honoured, and one beyond the deadline ends the question',
    },
    daily_tokens: {
      type: 'integer',
      minimum: 0,
      default: 250_000,
      description: 'tokens, input and output, per market day and per wall day (UTC)',
    },
    daily_usd: {
      type: 'number',
      minimum: 0,
      default: 0.25,
      description: 'US dollars, per market day and per wall day (UTC)',
    },
    usd_per_million_input: {
      type: 'number',
      minimum: 0,
      default: 0.1,
      description: 'price of input tokens',
    },
    usd_per_million_output: {
      type: 'number',
      minimum: 0,
      default: 0.5,
      description: 'price of output tokens',
    },
    decide_every_bars: {
      type: 'integer',
      minimum: 1,
      maximum: 288,
      default: 1,
      description: 'ask at every n-th bar of a day, counted from its first; the answer stands until the next',
    },
    cache: {
      type: 'boolean',
      default: true,
      description: 'the same prompt gets the same answer without a second question',
    },
    bar_minutes: {
      type: 'number',
      minimum: 1,
      maximum: 1440,
      default: 5,
      description: 'length of a bar: from its end an hour runs until a recorded answer is hindsight',
    },
    notes: {
      type: 'array',
      maxItems: 8,
      items: { type: 'string', maxLength: 4096 },
      default: [],
      description: 'texts given to the model as data, such as a comment of the desk; links and dates are removed',
    },
  },
} as const;

/** The configuration with every default filled in. */
export interface Settings {
  readonly mode: 'live' | 'replay' | 'record';
  readonly recording?: string;
  readonly model: string;
  readonly base_url?: string;
  readonly knowledge_cutoff: string;
  readonly max_tokens: number;
  readonly temperature?: number;
  readonly thinking: 'disabled' | 'adaptive' | 'unset';
  readonly structured_output: boolean;
  readonly deadline_share: number;
  readonly max_wait_seconds: number;
  readonly retries: number;
  readonly daily_tokens: number;
  readonly daily_usd: number;
  readonly usd_per_million_input: number;
  readonly usd_per_million_output: number;
  readonly decide_every_bars: number;
  readonly cache: boolean;
  readonly bar_minutes: number;
  readonly notes: readonly string[];
}

/** An embedder need not validate, so defaults are filled in here as well. */
export function settingsOf(config: object): Settings {
  const defaults = Object.entries(CONFIG.properties).flatMap(([name, property]) =>
    'default' in property ? [[name, property.default]] : [],
  );
  return { ...Object.fromEntries(defaults), ...config } as Settings;
}
