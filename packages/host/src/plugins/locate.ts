import { createRequire } from 'node:module';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { SignalboxError } from '@signalbox/core';
import { API_VERSION } from './definition.js';
import { environmentFault } from './isolation/environment.js';

/** A package as its metadata has it, before any of its code ran. */
export interface LocatedPackage {
  readonly name: string;
  readonly version: string;
  readonly description: string | null;
  /** The package's folder, links resolved. */
  readonly folder: string;
  /** The module that it exports, links resolved. */
  readonly entry: string;
  /** Of the strategy that it says it serves. */
  readonly code: string;
  /** Environment variables that it asks for. */
  readonly env: readonly string[];
  /** Model files that it brings along, unchecked. */
  readonly models: unknown;
}

const PACKAGE_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const MOST_METADATA = 1024 * 1024;

interface Metadata {
  readonly version?: unknown;
  readonly description?: unknown;
  readonly signalbox?: {
    role?: unknown;
    code?: unknown;
    apiVersion?: unknown;
    models?: unknown;
    env?: unknown;
    transforms?: unknown;
  };
}

export function isPackageName(name: string): boolean {
  return name.length <= 214 && PACKAGE_NAME.test(name);
}

/**
 * Finds a package that is installed in the project, or lies inside its workspace, and reads its metadata. Runs none of its code.
 * @throws PLUGIN_NOT_ALLOWED, PLUGIN_NOT_INSTALLED, PLUGIN_INVALID, PLUGIN_INCOMPATIBLE
 */
export function locate(projectDir: string, name: string): LocatedPackage {
  if (!isPackageName(name)) {
    throw new SignalboxError(
      'PLUGIN_NOT_ALLOWED',
      `"${name.slice(0, 214)}" in the allow-list is not the name of an npm package.`,
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
  const workspace = workspaceOf(realpathSync(projectDir));
  const folder = dirname(inside(workspace, name, manifest));
  const text = readFileSync(manifest, 'utf8');
  if (text.length > MOST_METADATA) throw invalid(name, 'its package.json is larger than 1 MB');
  const metadata = JSON.parse(text) as Metadata;
  const role = metadata.signalbox;
  if (role?.role !== 'strategy' || typeof role.code !== 'string') {
    const brings = role?.transforms === undefined ? '' : '; transforms come in the package of a strategy';
    throw invalid(name, `its package.json has no "signalbox": {"role": "strategy", "code": …}${brings}`);
  }
  if (role.apiVersion !== API_VERSION) {
    throw new SignalboxError(
      'PLUGIN_INCOMPATIBLE',
      `Strategy package ${name} speaks apiVersion ${String(role.apiVersion)}; this host speaks ${API_VERSION}.`,
      `Install a version of ${name} for apiVersion ${API_VERSION}, or another version of the host.`,
    );
  }
  const fault = environmentFault(role.env);
  if (fault !== null) throw invalid(name, fault);
  return {
    name,
    version: String(metadata.version ?? '0.0.0'),
    description: typeof metadata.description === 'string' ? metadata.description.slice(0, 500) : null,
    folder,
    entry: inside(workspace, name, resolveEntry(require, name)),
    code: role.code,
    env: (role.env as string[] | undefined) ?? [],
    models: role.models,
  };
}

function resolveEntry(require: NodeJS.Require, name: string): string {
  try {
    return require.resolve(name);
  } catch (error) {
    throw invalid(name, 'its exports name no module that is there', error);
  }
}

/** The real path of a file of a package, which must lie inside the workspace. */
function inside(workspace: string, name: string, path: string): string {
  const real = realpathSync(path);
  if (real.startsWith(workspace + sep)) return real;
  throw new SignalboxError(
    'PLUGIN_NOT_ALLOWED',
    `Strategy package ${name} lies outside the project (${real}).`,
    `Install it in the project: npm install ${name}`,
  );
}

/** The nearest folder at or above the project that declares npm workspaces; without one, the project itself. */
function workspaceOf(project: string): string {
  for (let folder = project; ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && 'workspaces' in (JSON.parse(readFileSync(manifest, 'utf8')) as object)) return folder;
    if (folder === dirname(folder)) return project;
  }
}

export function invalid(
  name: string,
  why: string,
  cause?: unknown,
  remedy = `Ask its author, or remove it: signalbox plugins remove ${name}`,
): SignalboxError {
  return new SignalboxError('PLUGIN_INVALID', `Strategy package ${name} cannot be used: ${why}.`, remedy, { cause });
}
