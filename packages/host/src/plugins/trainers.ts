import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SignalboxError, type Trainer } from '@signalbox/core';
import { discover } from './discover.js';

/** A strategy that brings its own training, and the package that it comes from. */
export interface InstalledTrainer {
  readonly package: string;
  readonly trainer: Trainer;
}

/**
 * Finds the training of a strategy among the installed, allow-listed packages: the subpath that its package.json names under
 * `"signalbox": {"train": "./train"}`.
 *
 * @throws SignalboxError STRATEGY_UNKNOWN naming those that can be trained here
 */
export async function findTrainer(
  projectDir: string,
  allowed: readonly string[],
  code: string,
): Promise<InstalledTrainer> {
  const require = createRequire(join(projectDir, 'package.json'));
  const trainable: string[] = [];
  for (const found of await discover(projectDir, allowed)) {
    if (!('strategy' in found)) continue;
    const { package: name, folder, definition } = found.strategy;
    const { signalbox } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      signalbox: { train?: unknown };
    };
    if (typeof signalbox.train !== 'string' || !/^\.\/[\w-]+$/.test(signalbox.train)) continue;
    trainable.push(definition.code);
    if (definition.code !== code) continue;
    const module = (await import(pathToFileURL(require.resolve(join(name, signalbox.train))).href)) as {
      default?: Partial<Trainer>;
    };
    const { default: trainer } = module;
    if (trainer?.code !== code || typeof trainer.extension !== 'string' || typeof trainer.train !== 'function')
      throw new SignalboxError(
        'PLUGIN_INVALID',
        `${name}${signalbox.train.slice(1)} exports no training of ${code}.`,
        'Ask its author; its default export is {code, extension, train}.',
      );
    return { package: name, trainer: trainer as Trainer };
  }
  throw new SignalboxError(
    'STRATEGY_UNKNOWN',
    `No installed strategy ${code} brings its own training.`,
    trainable.length > 0
      ? `Trainable here: ${trainable.join(', ')}. XGBoost and LightGBM models are trained by the scripts in training/.`
      : 'Install one, npm install @signalbox/strategy-rl-ppo, and list it under "plugins" in signalbox.config.json.',
  );
}
