import { createRequire } from 'node:module';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isSignalboxError, SignalboxError, STRATEGY_BRAND, type AnyStrategy } from '@signalbox/core';

/** An installed, allow-listed strategy package whose definition was imported and checked. */
export interface InstalledStrategy {
  readonly package: string;
  readonly version: string;
  /** The package's folder, links resolved. */
  readonly folder: string;
  readonly definition: AnyStrategy;
  /** Model files that the package brings along: artifact name → path inside the package. */
  readonly models: Readonly<Record<string, string>>;
}

export type Discovery =
  | { readonly package: string; readonly strategy: InstalledStrategy }
  | { readonly package: string; readonly problem: SignalboxError };

const PACKAGE_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const API_VERSION = 1;

interface Metadata {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly signalbox?: { role?: unknown; code?: unknown; apiVersion?: unknown; models?: unknown };
}

/**
 * Imports the strategies that are installed in the project **and** allow-listed; a database row never chooses what code
 * runs. Metadata is read, and refused, before any code is loaded. One package's problem is its own: it is reported beside
 * the others.
 */
export async function discover(projectDir: string, allowed: readonly string[]): Promise<Discovery[]> {
  return Promise.all(
    allowed.map(async (name): Promise<Discovery> => {
      try {
        return { package: name, strategy: await load(projectDir, name) };
      } catch (error) {
        return { package: name, problem: isSignalboxError(error) ? error : invalid(name, messageOf(error), error) };
      }
    }),
  );
}

async function load(projectDir: string, name: string): Promise<InstalledStrategy> {
  if (!PACKAGE_NAME.test(name)) {
    throw new SignalboxError(
      'PLUGIN_NOT_ALLOWED',
      `"${name}" in the allow-list is not the name of an npm package.`,
      'List packages by exact name under "plugins" in signalbox.config.json; paths and URLs are not accepted.',
    );
  }
  const require = createRequire(join(projectDir, 'package.json'));
  let manifest: string;
  try {
    manifest = require.resolve(`${name}/package.json`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') {
      throw invalid(
        name,
        'its package.json is not exported',
        error,
        'Add "./package.json": "./package.json" to its exports.',
      );
    }
    throw new SignalboxError(
      'PLUGIN_NOT_INSTALLED',
      `Strategy package ${name} is not installed in ${projectDir}.`,
      `Run: npm install ${name}`,
      { cause: error },
    );
  }
  const folder = dirname(realpathSync(manifest));
  const workspace = workspaceOf(realpathSync(projectDir));
  if (!(folder + sep).startsWith(workspace + sep)) {
    throw new SignalboxError(
      'PLUGIN_NOT_ALLOWED',
      `Strategy package ${name} lies outside the project (${folder}).`,
      `Install it in the project: npm install ${name}`,
    );
  }
  const metadata = JSON.parse(readFileSync(manifest, 'utf8')) as Metadata;
  const role = metadata.signalbox;
  if (role?.role !== 'strategy' || typeof role.code !== 'string') {
    throw invalid(name, 'its package.json has no "signalbox": {"role": "strategy", "code": …}');
  }
  if (role.apiVersion !== API_VERSION) {
    throw new SignalboxError(
      'PLUGIN_INCOMPATIBLE',
      `Strategy package ${name} speaks apiVersion ${String(role.apiVersion)}; this host speaks ${API_VERSION}.`,
      `Install a version of ${name} for apiVersion ${API_VERSION}, or another version of the host.`,
    );
  }
  const module = (await import(pathToFileURL(require.resolve(name)).href)) as { default?: unknown };
  const definition = checkDefinition(name, role.code, module.default);
  return {
    package: name,
    version: String(metadata.version ?? '0.0.0'),
    folder,
    definition,
    models: checkModels(name, definition, role.models),
  };
}

/** The nearest folder at or above the project that declares npm workspaces; without one, the project itself. */
function workspaceOf(project: string): string {
  for (let folder = project; ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && 'workspaces' in (JSON.parse(readFileSync(manifest, 'utf8')) as object)) return folder;
    if (folder === dirname(folder)) return project;
  }
}

/** All problems of a definition are reported together. */
function checkDefinition(name: string, code: string, value: unknown): AnyStrategy {
  const d = value as Partial<AnyStrategy> | undefined;
  if (d?.$$type !== STRATEGY_BRAND) throw invalid(name, 'its default export was not made by defineStrategy');
  const problems: string[] = [];
  if (d.code !== code) problems.push(`its code is ${String(d.code)}, its package.json says ${code}`);
  if (!/^[A-Z][A-Z0-9_]{1,49}$/.test(String(d.code))) problems.push('its code must be 2–50 of A–Z, 0–9 and _');
  if (typeof d.name !== 'string' || d.name === '') problems.push('it has no name');
  if (!['RL', 'ML', 'LLM', 'ENSEMBLE'].includes(String(d.type))) problems.push(`its type ${String(d.type)} is unknown`);
  if (d.apiVersion !== API_VERSION) problems.push(`its apiVersion is ${String(d.apiVersion)}`);
  if (!Array.isArray(d.features) || d.features.some((f) => typeof f !== 'string'))
    problems.push('its features are no list of names');
  if (typeof d.create !== 'function') problems.push('it has no create function');
  if (problems.length > 0) throw invalid(name, problems.join('; '));
  return d as AnyStrategy;
}

function checkModels(name: string, definition: AnyStrategy, models: unknown): Readonly<Record<string, string>> {
  if (models === undefined) return {};
  const known = Object.keys(definition.artifacts ?? {});
  const entries = Object.entries((models ?? {}) as Record<string, unknown>);
  for (const [artifact, path] of entries) {
    if (!known.includes(artifact))
      throw invalid(name, `it brings a model for "${artifact}", an artifact that it does not declare`);
    if (typeof path !== 'string' || !/^\.\/[\w./-]+$/.test(path) || path.includes('..')) {
      throw invalid(name, `the path of its model "${artifact}" must be relative and inside the package`);
    }
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

function invalid(
  name: string,
  why: string,
  cause?: unknown,
  remedy = 'Ask its author, or remove it from "plugins" in signalbox.config.json.',
) {
  return new SignalboxError('PLUGIN_INVALID', `Strategy package ${name} cannot be used: ${why}.`, remedy, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
