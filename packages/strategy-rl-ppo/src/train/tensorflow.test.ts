/// <reference types="node" />
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as core from '@tensorflow/tfjs-core';
import { describe, expect, it, vi } from 'vitest';
import { importOptional } from '../optional.js';
import { findTensorFlow } from './tensorflow.js';

const NODE = '@tensorflow/tfjs-node';
const WHOLE = '@tensorflow/tfjs';
const CORE = '@tensorflow/tfjs-core';
const CPU = '@tensorflow/tfjs-backend-cpu';

/** TensorFlow.js in name only: says what was done to it. */
function speaker() {
  const done: string[] = [];
  const tf = {
    tensor2d: () => {},
    env: () => ({ set: (flag: string, value: unknown) => void done.push(`${flag}=${String(value)}`) }),
    setBackend: (name: string) => Promise.resolve(void done.push(`backend ${name}`)),
    ready: () => Promise.resolve(),
    getBackend: () => (done.some((one) => one.startsWith('backend')) ? 'cpu' : 'tensorflow'),
    getGradient: () => ({}),
    registerGradient: () => {},
    version_core: '4.22.0',
  };
  return { tf, done };
}
/** Where these packages are installed and no others; `asked` is the order of looking. */
function installed(...names: string[]) {
  const asked: string[] = [];
  const { tf, done } = speaker();
  const find = (name: string): Promise<unknown> => {
    asked.push(name);
    // as Node gives a CommonJS package
    return Promise.resolve(names.includes(name) ? (name === CPU ? {} : { default: tf }) : null);
  };
  return { asked, done, found: findTensorFlow(find) };
}

describe('the fastest TensorFlow.js that is installed is taken', () => {
  it('tfjs-node before all others, on its own native backend', async () => {
    const { found, asked, done } = installed(NODE, WHOLE, CORE, CPU);
    expect(await found).toMatchObject({ name: `${NODE} (tensorflow)`, version: '4.22.0' });
    expect(asked).toEqual([NODE]);
    expect(done).toEqual([]);
  });

  it('tfjs where tfjs-node is absent, on the processor’s backend', async () => {
    const { found, asked, done } = installed(WHOLE, CORE, CPU);
    expect(await found).toMatchObject({ name: `${WHOLE} (cpu)` });
    expect(asked).toEqual([NODE, WHOLE]);
    expect(done).toContain('backend cpu');
  });

  it('the core with its backend where neither is, and not the core alone', async () => {
    expect(await installed(CORE, CPU).found).toMatchObject({ name: `${CORE} (cpu)` });
    await expect(installed(CORE).found).rejects.toMatchObject({ code: 'STRATEGY_UNAVAILABLE' });
    await expect(installed().found).rejects.toThrow(/not installed/);
  });

  it('one that is installed and broken is told, not passed over', async () => {
    const find = (name: string) => (name === NODE ? Promise.reject(new Error('no binding')) : Promise.resolve(null));
    const told = findTensorFlow(find);
    await expect(told).rejects.toMatchObject({ code: 'STRATEGY_UNAVAILABLE' });
    await expect(told).rejects.toThrow(/tfjs-node is installed and does not load: no binding/);
  });

  it('a package that is not there is null; that the core is there is seen by its own functions', async () => {
    expect(await importOptional('@tensorflow/tfjs-nowhere')).toBeNull();
    const { tf, name } = await findTensorFlow();
    expect(name).toMatch(/tfjs-core \(cpu\)$/);
    expect(tf.tensor2d).toBe(core.tensor2d);
  });
});

/** A folder with @tensorflow/tfjs in its node_modules: 294 MB, which the workspace does not install. */
const folder = process.env['SIGNALBOX_TFJS'];
describe.skipIf(!folder)('@tensorflow/tfjs itself (SIGNALBOX_TFJS)', () => {
  it('is taken where tfjs-node is absent, and differentiates as the core does with our derivatives', async () => {
    // it brings the same kernels once more, and says so of each
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const require = createRequire(join(folder!, 'package.json'));
    const whole = await findTensorFlow((name) =>
      name === WHOLE ? import(pathToFileURL(require.resolve(WHOLE)).href) : Promise.resolve(null),
    );
    expect(whole.name).toBe(`${WHOLE} (cpu)`);
    const ours = await findTensorFlow();
    const gradient = (tf: typeof core): number[] => {
      const loss = (w: core.Tensor): core.Scalar => {
        const y = tf.tanh(tf.matMul(tf.tensor2d([1, 2, -1, 0.5], [2, 2]), w as core.Tensor2D));
        return tf.sum(tf.square(tf.sub(y, tf.tensor1d([0.5])))) as core.Scalar;
      };
      return Array.from(
        tf
          .grad(loss as never)(tf.tensor2d([0.3, -0.2], [2, 1]))
          .dataSync(),
      );
    };
    expect(gradient(whole.tf as typeof core)).toEqual(gradient(ours.tf as typeof core));
  });
});
