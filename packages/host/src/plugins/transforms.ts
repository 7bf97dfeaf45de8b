import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineTransform, withTransforms, type CustomTransform, type Transforms } from '@signalbox/core';
import { invalid, isPackageName, locate } from './locate.js';

/**
 * The engine's transforms and those that allow-listed packages bring: `"signalbox": {"transforms": "./transforms.js"}` in
 * package.json names a module whose default export is a list of them. They are part of the feature engine and run in this
 * process; a strategy's own code is not loaded for them. Undefined where no package brings any. One that cannot be located and
 * brings none is passed over: whoever loads strategies reports it.
 *
 * @throws SignalboxError PLUGIN_INVALID naming the package
 */
export async function pluginTransforms(
  projectDir: string,
  allowed: readonly string[],
): Promise<Transforms | undefined> {
  const all: CustomTransform[] = [];
  for (const name of allowed) {
    const file = transformsFile(projectDir, name);
    if (file === undefined) continue;
    try {
      const { default: list } = (await import(pathToFileURL(file).href)) as { default?: unknown };
      if (!Array.isArray(list)) throw new TypeError('its default export is no list');
      all.push(...list.map((one) => defineTransform(one as CustomTransform)));
    } catch (error) {
      throw invalid(name, `its transforms cannot be used: ${(error as Error).message}`, error);
    }
  }
  return all.length > 0 ? withTransforms(all) : undefined;
}

function transformsFile(projectDir: string, name: string): string | undefined {
  let folder: string;
  try {
    ({ folder } = locate(projectDir, name));
  } catch (error) {
    if (isPackageName(name) && namesTransforms(projectDir, name)) throw error;
    return undefined;
  }
  const { signalbox } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    signalbox?: { transforms?: unknown };
  };
  const path = signalbox?.transforms;
  if (path === undefined) return undefined;
  const file = typeof path === 'string' ? join(folder, path) : '';
  if (!file.startsWith(folder + sep)) throw invalid(name, 'the path of its transforms must lie inside the package');
  return file;
}

/** Whether a package that cannot be used says that it brings transforms: without them a feature file would be called wrong. */
function namesTransforms(projectDir: string, name: string): boolean {
  try {
    const file = createRequire(join(projectDir, 'package.json')).resolve(`${name}/package.json`);
    const { signalbox } = JSON.parse(readFileSync(file, 'utf8')) as { signalbox?: { transforms?: unknown } };
    return signalbox?.transforms !== undefined;
  } catch {
    return false;
  }
}
