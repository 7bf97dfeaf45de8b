import type * as Core from '@tensorflow/tfjs-core';
import { StrategyUnavailable } from '@signalbox/core';
import { registerGradients } from './gradients.js';
import { importOptional } from '../optional.js';

/** TensorFlow.js as it was found, and its name and version for the manifest. */
export interface TensorFlow {
  readonly tf: typeof Core;
  readonly name: string;
  readonly version: string;
}

/** Each candidate: the package that speaks, and one that it needs beside it. */
const CANDIDATES = [
  ['@tensorflow/tfjs-node'],
  ['@tensorflow/tfjs'],
  ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu'],
] as const;

/** The fastest TensorFlow.js that is installed: tfjs-node, tfjs, or its core with the processor's backend. */
export async function findTensorFlow(find: typeof importOptional = importOptional): Promise<TensorFlow> {
  for (const [name, backend] of CANDIDATES) {
    const found = (await find(name).catch((error: unknown) => broken(name, error))) as
      (typeof Core & { default?: typeof Core }) | null;
    if (found === null || (backend && (await find(backend)) === null)) continue;
    const tf = typeof found.tensor2d === 'function' ? found : found.default!;
    // without a native binding the processor's backend: the same numbers on every machine
    if (name !== '@tensorflow/tfjs-node') {
      // it would advertise tfjs-node on the terminal
      tf.env().set('IS_NODE', false);
      await tf.setBackend('cpu');
    }
    await tf.ready();
    registerGradients(tf);
    const version = (tf as { version_core?: string }).version_core ?? 'unknown';
    return { tf, name: `${name} (${tf.getBackend()})`, version };
  }
  throw new StrategyUnavailable(
    'Training needs TensorFlow.js, which is not installed.',
    'npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-cpu (or @tensorflow/tfjs, or @tensorflow/tfjs-node).',
  );
}

/** Installed and broken, as tfjs-node without its install script: said, not passed over in silence. */
function broken(name: string, error: unknown): never {
  throw new StrategyUnavailable(
    `${name} is installed and does not load: ${error instanceof Error ? error.message.split('\n')[0]! : String(error)}`,
    'Install it again, with its install script (tfjs-node fetches its library with it), or remove it: the next slower one is then taken.',
  );
}
