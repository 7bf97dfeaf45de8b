import { Type, type Static } from '@sinclair/typebox';

const port = (what: string) => Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535, description: what }));
const service = (what: string) =>
  Type.Optional(
    Type.Object(
      { port: port(what), enabled: Type.Optional(Type.Boolean({ description: 'false: it does not listen.' })) },
      { additionalProperties: false },
    ),
  );

const FEED = Type.Union(
  [Type.Literal('twelvedata'), Type.Literal('fred'), Type.Literal('files'), Type.Literal('api')],
  {
    description:
      'twelvedata, fred: the host asks the vendor, with the key in the environment; files: CSV files, by command or drop folder; api: POST /api/ingest.',
  },
);
export type FeedName = Static<typeof FEED>;

/** What `signalbox.config.json` may say. Every key is optional; an unknown one is refused. */
export const CONFIG_SCHEMA = Type.Object(
  {
    $schema: Type.Optional(Type.String()),
    world: Type.Optional(
      Type.Union([Type.Literal('demo'), Type.Literal('market')], {
        description:
          'demo: simulated bars and a replay clock; market: real bars and the wall clock. Each is a database of its own.',
      }),
    ),
    bind: Type.Optional(
      Type.String({
        description: 'Address that the services listen on; 127.0.0.1. Another one takes "authentication": "required".',
      }),
    ),
    authentication: Type.Optional(
      Type.Union([Type.Literal('none'), Type.Literal('required')], {
        description:
          'none (the default, on this machine only): everybody may do everything; required: a key or a login, see signalbox keys and users.',
      }),
    ),
    allowedHosts: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Za-z0-9.-]+$' }), {
        uniqueItems: true,
        description: 'Names under which others reach this host, without ports; others are refused.',
      }),
    ),
    https: Type.Optional(
      Type.Boolean({ description: 'true: browsers come by https through a proxy; the login cookie is for it alone.' }),
    ),
    services: Type.Optional(
      Type.Object(
        {
          models: service('Multi-Model API; 8006'),
          trading: service('Trading API; 8000'),
          analytics: service('Analytics API; 8001'),
          dashboard: service('The page; 5000'),
        },
        { additionalProperties: false },
      ),
    ),
    plugins: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        uniqueItems: true,
        description: 'Names of the npm packages whose strategies may run. Nothing else is imported.',
      }),
    ),
    isolation: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Type.Union([Type.Literal('process'), Type.Literal('none')]), {
        description:
          "By package: process (the default) runs it in a process of its own, none in that of the host, where a hang or a leak of it is the host's.",
      }),
    ),
    pluginMemoryMb: Type.Optional(
      Type.Integer({ minimum: 64, maximum: 65_536, description: 'Resident memory at which a plugin is ended; 512' }),
    ),
    pluginDeadlineSeconds: Type.Optional(
      Type.Number({ minimum: 0.05, maximum: 240, description: 'What a plugin has to answer one bar; 10' }),
    ),
    strategies: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[A-Z][A-Z0-9_]{1,49}$' }),
        Type.Object(
          {
            parameters: Type.Optional(
              Type.Record(Type.String(), Type.Unknown(), { description: "The strategy's configuration." }),
            ),
            initialEquity: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'USD; 10000' })),
          },
          { additionalProperties: false },
        ),
        { description: 'What the row of a strategy in dw.dim_strategy begins with; from then on the row holds.' },
      ),
    ),
    features: Type.Optional(
      Type.String({ minLength: 1, description: 'Path of the feature file, relative to this file.' }),
    ),
    allowSimulatedModels: Type.Optional(
      Type.Boolean({ description: 'Let models that were trained on simulated data run in a market world.' }),
    ),
    meteredInDemo: Type.Optional(
      Type.Boolean({
        description:
          'Ask strategies whose answers cost (Claude) in the demo world too, where a session passes in minutes.',
      }),
    ),
    feeds: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^([a-z][a-z0-9_]*|[A-Z0-9]{2,10}/[A-Z0-9]{2,10})$' }),
        Type.Union([
          FEED,
          Type.Object(
            {
              feed: FEED,
              id: Type.Optional(Type.String({ minLength: 1, maxLength: 60, description: "The vendor's name of it." })),
              range: Type.Optional(
                Type.Array(Type.Number(), { minItems: 2, maxItems: 2, description: 'What its values lie between.' }),
              ),
            },
            { additionalProperties: false },
          ),
        ]),
        { description: 'Where each series comes from: symbols of bars and names of macro series.' },
      ),
    ),
    dropFolder: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'CSV files of bars or macro values that are put here are taken in; relative to this file.',
      }),
    ),
    jobWorkers: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 64,
        description: 'Backtests and other jobs at a time on this host; 0 for none, half of the processors by default.',
      }),
    ),
    instruments: Type.Optional(
      Type.Array(
        Type.Object(
          {
            symbol: Type.String({ pattern: '^[A-Z0-9]{2,10}/[A-Z0-9]{2,10}$' }),
            base: Type.String({ pattern: '^[A-Z0-9]{2,10}$' }),
            quote: Type.String({ pattern: '^[A-Z0-9]{2,10}$' }),
            tick: Type.Number({ exclusiveMinimum: 0 }),
            calendar: Type.String({ minLength: 1 }),
            sessionsPerYear: Type.Integer({ minimum: 1, maximum: 366 }),
          },
          { additionalProperties: false },
        ),
        { minItems: 1, description: 'What is traded; the first is the default symbol.' },
      ),
    ),
  },
  { additionalProperties: false },
);
export type ConfigFile = Static<typeof CONFIG_SCHEMA>;
export type World = NonNullable<ConfigFile['world']>;

export const SERVICES = ['models', 'trading', 'analytics', 'dashboard'] as const;
export type ServiceName = (typeof SERVICES)[number];
export const DEFAULT_PORTS: Readonly<Record<ServiceName, number>> = Object.freeze({
  models: 8006,
  trading: 8000,
  analytics: 8001,
  dashboard: 5000,
});

/** The workspace's own strategies. */
export const DEFAULT_PLUGINS: readonly string[] = Object.freeze([
  '@signalbox/strategy-rl-ppo',
  '@signalbox/strategy-ml-xgb',
  '@signalbox/strategy-ml-lgbm',
  '@signalbox/strategy-llm-claude',
  '@signalbox/strategy-ensemble',
]);
