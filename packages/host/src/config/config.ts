import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { SignalboxError, USD_COP, type Instrument } from '@signalbox/core';
import { artifactConfig, type ArtifactConfig } from './artifacts.js';
import type { RedisAddress } from '../stores/redis/connection.js';
import { feedsConfig, printableFeeds, type FeedsConfig } from './feeds.js';
import { nearest } from './nearest.js';
import {
  CONFIG_SCHEMA,
  DEFAULT_PLUGINS,
  DEFAULT_PORTS,
  SERVICES,
  type ConfigFile,
  type ServiceName,
  type World,
} from './schema.js';

export const CONFIG_FILE = 'signalbox.config.json';
const LOOPBACK = '127.0.0.1';
const LOOPBACKS: ReadonlySet<string> = new Set([LOOPBACK, '::1']);

/** Whether and where a service listens. A `configured` one that is taken is an error; a default one gives way to the next free. */
export interface ServicePort {
  readonly port: number;
  readonly configured: boolean;
  readonly enabled: boolean;
}

/** What the row of a strategy in `dw.dim_strategy` begins with. */
export interface NewStrategyRow {
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** USD. */
  readonly initialEquity?: number;
}

/** What the host runs with: the file, then the environment, then the flags; a later one wins. */
export interface Config {
  readonly projectDir: string;
  /** Path of the configuration file; null when there is none. */
  readonly file: string | null;
  readonly world: World;
  readonly bind: string;
  /** Who is let in. */
  readonly access: {
    /** Whether callers have to say who they are: by key or login. */
    readonly required: boolean;
    /** Browsers come by https. */
    readonly https: boolean;
    /** Names of this host, without ports, beside those of the loopback interface and `bind`. */
    readonly allowedHosts: readonly string[];
  };
  readonly services: Readonly<Record<ServiceName, ServicePort>>;
  readonly plugins: readonly string[];
  /** How plugins run, and what one of them may take. */
  readonly isolation: {
    /** Packages that run in the host's own process. */
    readonly inProcess: readonly string[];
    readonly memoryMb: number;
    readonly deadlineMs: number;
  };
  /** What a strategy's row begins with, by code. */
  readonly strategies: Readonly<Record<string, NewStrategyRow>>;
  /** Absolute path of the feature file; null for the one that core brings. */
  readonly features: string | null;
  readonly allowSimulatedModels: boolean;
  /** Jobs at a time on this host; null for the default. */
  readonly jobWorkers: number | null;
  /** Strategies whose answers cost are asked in the demo world too. */
  readonly meteredInDemo: boolean;
  /** The first is the default. */
  readonly instruments: readonly [Instrument, ...Instrument[]];
  /** A PostgreSQL of one's own; null for the embedded one. Holds a password: never print it, see {@link printable}. */
  readonly databaseUrl: string | null;
  /** Where model files lie. Holds a secret key: never print it, see {@link printable}. */
  readonly artifacts: ArtifactConfig;
  /** The Redis whose streams follow the events; null without one. Holds a password, too. */
  readonly redis: RedisAddress | null;
  /** Where bars and macro values come from. Holds the vendors' keys. */
  readonly feeds: FeedsConfig;
}

export interface ConfigFlags {
  readonly world?: string | undefined;
  /** Added to every service's port. */
  readonly portOffset?: number | undefined;
  /** Only these listen, whatever the file switches off or on. */
  readonly services?: readonly string[] | undefined;
}

/** The nearest folder, at `from` or above, with a configuration file; else the nearest with a package.json; else `from`. */
export function findProject(from: string): string {
  for (const mark of [CONFIG_FILE, 'package.json']) {
    for (let folder = resolve(from); ; folder = dirname(folder)) {
      if (existsSync(join(folder, mark))) return folder;
      if (folder === dirname(folder)) break;
    }
  }
  return resolve(from);
}

/**
 * Reads and checks the configuration.
 * @throws CONFIG_INVALID naming every wrong key with its path; BIND_REFUSED for an address that others
 * can reach when nobody has to say who he is.
 */
export function loadConfig(
  projectDir: string,
  env: Readonly<Record<string, string | undefined>> = {},
  flags: ConfigFlags = {},
): Config {
  const path = join(projectDir, CONFIG_FILE);
  const found = existsSync(path);
  const file = found ? checkFile(path, parse(path)) : {};
  const set = (name: string): string | undefined =>
    env[name] === undefined || env[name] === '' ? undefined : env[name];

  const world = flags.world ?? set('SIGNALBOX_WORLD') ?? file.world ?? 'demo';
  if (world !== 'demo' && world !== 'market') {
    const where = flags.world !== undefined ? '--world' : 'SIGNALBOX_WORLD';
    throw new SignalboxError(
      flags.world !== undefined ? 'PARAMETER_INVALID' : 'CONFIG_INVALID',
      `${where} is "${world}"`,
      'Allowed are demo and market.',
    );
  }
  const bind = set('SIGNALBOX_BIND') ?? file.bind ?? LOOPBACK;
  const authentication = set('SIGNALBOX_AUTHENTICATION') ?? file.authentication ?? 'none';
  if (authentication !== 'none' && authentication !== 'required') {
    throw new SignalboxError(
      'CONFIG_INVALID',
      `SIGNALBOX_AUTHENTICATION is "${authentication}"`,
      'Allowed are none and required.',
    );
  }
  if (!LOOPBACKS.has(bind) && authentication === 'none') {
    throw new SignalboxError(
      'BIND_REFUSED',
      `the services would listen on ${bind}, where others can reach them, and no authentication is configured`,
      `Bind to ${LOOPBACK}${set('SIGNALBOX_BIND') ? ' (SIGNALBOX_BIND)' : ` ("bind" in ${path})`} or set "authentication": "required" and add a user: signalbox users add.`,
    );
  }
  const offset = flags.portOffset ?? 0;
  const only = servicesOf(flags.services ?? set('SIGNALBOX_SERVICES')?.split(','), flags.services !== undefined);
  const services = {} as Record<ServiceName, ServicePort>;
  for (const name of SERVICES) {
    const variable = `SIGNALBOX_PORT_${name.toUpperCase()}`;
    const fromEnv = set(variable);
    const wanted = fromEnv === undefined ? file.services?.[name]?.port : Number(fromEnv);
    const base = wanted ?? DEFAULT_PORTS[name];
    // port 0 means "any free one": an offset would make it a real port
    const port = base === 0 ? 0 : base + offset;
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new SignalboxError(
        'CONFIG_INVALID',
        `the port of ${name} is ${fromEnv ?? port}`,
        `Set ${variable} to a number from 0 to 65535.`,
      );
    }
    services[name] = {
      port,
      configured: wanted !== undefined,
      enabled: only ? only.has(name) : (file.services?.[name]?.enabled ?? true),
    };
  }
  if (!SERVICES.some((name) => services[name].enabled)) {
    throw new SignalboxError(
      'CONFIG_INVALID',
      'every service is switched off',
      `Leave one of ${SERVICES.join(', ')} on.`,
    );
  }
  const databaseUrl = set('DATABASE_URL') ?? null;
  if (databaseUrl !== null && !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new SignalboxError(
      'CONFIG_INVALID',
      'DATABASE_URL is no PostgreSQL URL',
      'Write it as postgresql://user:password@host:5432/database.',
    );
  }
  const [first = USD_COP, ...others] = file.instruments ?? [];
  const features = set('SIGNALBOX_FEATURES') ?? file.features;
  return {
    projectDir,
    file: found ? path : null,
    world,
    bind,
    access: {
      required: authentication === 'required',
      https: set('SIGNALBOX_HTTPS') === undefined ? (file.https ?? false) : set('SIGNALBOX_HTTPS') === 'true',
      allowedHosts: (set('SIGNALBOX_ALLOWED_HOSTS')?.split(',') ?? file.allowedHosts ?? [])
        .map((name) => name.trim().toLowerCase())
        .filter(Boolean),
    },
    services,
    plugins:
      set('SIGNALBOX_PLUGINS')
        ?.split(',')
        .map((name) => name.trim())
        .filter(Boolean) ??
      file.plugins ??
      DEFAULT_PLUGINS,
    isolation: {
      inProcess: Object.entries(file.isolation ?? {}).flatMap(([name, mode]) => (mode === 'none' ? [name] : [])),
      memoryMb: file.pluginMemoryMb ?? 512,
      deadlineMs: Math.round((file.pluginDeadlineSeconds ?? 10) * 1_000),
    },
    strategies: file.strategies ?? {},
    features: features === undefined ? null : resolve(projectDir, features),
    allowSimulatedModels: file.allowSimulatedModels ?? false,
    jobWorkers: file.jobWorkers ?? null,
    meteredInDemo: file.meteredInDemo ?? false,
    instruments: [first, ...others],
    databaseUrl,
    artifacts: artifactConfig(projectDir, set),
    redis: redisOf(set('REDIS_URL'), set('REDIS_PASSWORD')),
    feeds: feedsConfig(projectDir, file, set),
  };
}

/** The services that alone shall listen; undefined when none are named. */
function servicesOf(names: readonly string[] | undefined, flag: boolean): ReadonlySet<string> | undefined {
  if (!names) return undefined;
  const wanted = names.map((name) => name.trim()).filter(Boolean);
  const unknown = wanted.find((name) => !(SERVICES as readonly string[]).includes(name));
  if (unknown !== undefined || wanted.length === 0) {
    throw new SignalboxError(
      flag ? 'PARAMETER_INVALID' : 'CONFIG_INVALID',
      `${flag ? '--services' : 'SIGNALBOX_SERVICES'}: ${unknown === undefined ? 'names none' : `there is no service ${unknown}`}`,
      `Name some of ${SERVICES.join(', ')}, separated by commas.`,
    );
  }
  return new Set(wanted);
}

function redisOf(url: string | undefined, password: string | undefined): RedisAddress | null {
  if (url === undefined) return null;
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url))
    throw new SignalboxError(
      'CONFIG_INVALID',
      'REDIS_URL is no Redis URL',
      'Write it as redis://host:6379, or rediss:// for TLS; the password may stand in REDIS_PASSWORD.',
    );
  // the one in the address holds: it is the more particular one
  return { url, ...(password === undefined || new URL(url).password !== '' ? {} : { password }) };
}

/** The configuration for people and logs: without the passwords of database and Redis, and the keys of model store and vendors. */
export function printable(config: Config): Record<string, unknown> {
  const { artifacts } = config;
  return {
    ...config,
    databaseUrl: config.databaseUrl === null ? null : masked(config.databaseUrl),
    feeds: printableFeeds(config.feeds),
    artifacts: artifacts.kind === 's3' ? { ...artifacts, secretKey: '***' } : artifacts,
    redis: config.redis && {
      url: masked(config.redis.url),
      ...(config.redis.password === undefined ? {} : { password: '***' }),
    },
  };
}

/** Up to the last `@` before the path, so that a password with an `@` in it is masked whole; `?password=` as well. */
function masked(url: string): string {
  return url
    .replace(/^(\w+:\/\/[^:@/?#]*):[^/?#]*@/, '$1:***@')
    .replace(/([?&](?:password|sslpassword)=)[^&#]*/gi, '$1***');
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new SignalboxError(
      'CONFIG_INVALID',
      `${path} is no JSON: ${(error as Error).message}`,
      'Mend the file, or remove it to run with the defaults.',
      { cause: error },
    );
  }
}

function checkFile(path: string, value: unknown): ConfigFile {
  const ajv = new Ajv({ allErrors: true, verbose: true });
  const valid = ajv.compile<ConfigFile>(CONFIG_SCHEMA);
  if (valid(value)) return value;
  const problems = [...new Set((valid.errors ?? []).map(problemOf).filter((text) => text !== ''))];
  throw new SignalboxError(
    'CONFIG_INVALID',
    `${path}: ${problems.join('; ')}`,
    'Mend the named keys; `signalbox config print` shows what is in force.',
  );
}

function problemOf(error: ErrorObject): string {
  const place = error.instancePath === '' ? 'the file' : error.instancePath.slice(1).replaceAll('/', '.');
  if (error.keyword === 'additionalProperties') {
    const key = String((error.params as { additionalProperty: unknown }).additionalProperty);
    const allowed = Object.keys((error.parentSchema as { properties: object }).properties).filter(
      (name) => name !== '$schema',
    );
    const close = nearest(key, allowed);
    const full = error.instancePath === '' ? key : `${place}.${key}`;
    return `unknown key "${full}"${close ? ` (did you mean "${close}"?)` : ''}; allowed are ${allowed.join(', ')}`;
  }
  if (error.keyword === 'const') return '';
  if (error.keyword === 'anyOf') {
    const allowed = (error.schema as { const?: unknown }[]).map((one) => JSON.stringify(one.const)).join(' or ');
    return `${place} is ${JSON.stringify(error.data)}, allowed is ${allowed}`;
  }
  return `${place} is ${JSON.stringify(error.data)?.slice(0, 60)} and ${error.message ?? error.keyword}`;
}
