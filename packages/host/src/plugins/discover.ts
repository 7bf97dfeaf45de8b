import { pathToFileURL } from 'node:url';
import { isSignalboxError, SignalboxError, type AnyStrategy } from '@signalbox/core';
import { describe, descriptionFaults, type Description } from './definition.js';
import { PackageApart } from './isolation/package.js';
import { invalid, locate, type LocatedPackage } from './locate.js';

/** An installed, allow-listed strategy package whose definition was loaded and checked. */
export interface InstalledStrategy {
  readonly package: string;
  readonly version: string;
  /** The package's folder, links resolved. */
  readonly folder: string;
  /** With `apart` only its data: `create` runs in the package's own process. */
  readonly definition: AnyStrategy;
  /** Model files that the package brings along: artifact name → path inside the package. */
  readonly models: Readonly<Record<string, string>>;
  /** Where it runs in processes of its own; absent: in this one. */
  readonly apart?: PackageApart;
}

export type Discovery =
  | { readonly package: string; readonly strategy: InstalledStrategy }
  | { readonly package: string; readonly problem: SignalboxError };

/** How packages run that run apart from the host. */
export interface Isolation {
  /** Packages that the operator lets run in the host's own process. */
  readonly inProcess: readonly string[];
  /** Resident megabytes that one process may take. */
  readonly memoryMb: number;
  readonly hostEnv?: Readonly<Record<string, string | undefined>>;
}

/**
 * Loads the strategies that are installed in the project **and** allow-listed; a database row never chooses what code runs.
 * Metadata is read, and refused, before any code is loaded. One package's problem is its own: it is reported beside the others.
 *
 * @param isolation with it no package is imported here: each is loaded in a process of its own, which then serves it
 */
export async function discover(
  projectDir: string,
  allowed: readonly string[],
  isolation?: Isolation,
): Promise<Discovery[]> {
  return Promise.all(
    allowed.map(async (name): Promise<Discovery> => {
      try {
        const located = locate(projectDir, name);
        const apart = isolation && !isolation.inProcess.includes(name);
        return {
          package: name,
          strategy: apart ? await loadApart(located, projectDir, isolation) : await loadHere(located),
        };
      } catch (error) {
        return { package: name, problem: isSignalboxError(error) ? error : invalid(name, messageOf(error), error) };
      }
    }),
  );
}

async function loadHere(located: LocatedPackage): Promise<InstalledStrategy> {
  const module = (await import(pathToFileURL(located.entry).href)) as { default?: unknown };
  check(located, describe(module.default));
  return installed(located, module.default as AnyStrategy);
}

async function loadApart(located: LocatedPackage, cwd: string, isolation: Isolation): Promise<InstalledStrategy> {
  const { name, entry, env } = located;
  const { memoryMb, hostEnv } = isolation;
  const apart = new PackageApart({ name, entry, env, memoryMb, cwd, ...(hostEnv && { hostEnv }) });
  const description = await apart.describe();
  try {
    check(located, description);
    const definition = {
      ...(description as Description),
      metered: () => (description as Description).metered === true,
      create: () =>
        Promise.reject(new SignalboxError('INTERNAL', `${name} runs in a process of its own`, 'Report it.')),
    };
    return { ...installed(located, definition), apart };
  } catch (error) {
    await apart.release();
    throw error;
  }
}

function installed(located: LocatedPackage, definition: AnyStrategy): InstalledStrategy {
  const { name, version, folder } = located;
  return { package: name, version, folder, definition, models: checkModels(name, definition, located.models) };
}

/** All problems of a definition are reported together. */
function check({ name, code }: LocatedPackage, description: unknown): void {
  const problems = descriptionFaults(description, code);
  if (problems.length > 0) throw invalid(name, problems.join('; '));
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
