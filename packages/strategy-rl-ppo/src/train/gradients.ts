import type * as Core from '@tensorflow/tfjs-core';

type Grads = ReturnType<Core.GradFunc>;

/**
 * Registers the derivatives that learning needs where TensorFlow.js has none: its core as Node loads it comes without, and the packages
 * that bring them are six times as large. What is registered already stays.
 */
export function registerGradients(tf: typeof Core): void {
  const add = (kernelName: string, config: Omit<Core.GradConfig, 'kernelName'>): void => {
    if (!tf.getGradient(kernelName)) tf.registerGradient({ kernelName, ...config });
  };
  /** Of an operator whose input was repeated to fit: the sum over what was repeated. */
  const fold = (gradient: Core.Tensor, shape: number[]): Core.Tensor => {
    const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape);
    return tf.reshape(axes.length > 0 ? tf.sum(gradient, axes) : gradient, shape);
  };
  const two = (
    kernelName: string,
    make: (dy: Core.Tensor, a: Core.Tensor, b: Core.Tensor) => [() => Core.Tensor, () => Core.Tensor],
  ): void =>
    add(kernelName, {
      inputsToSave: ['a', 'b'],
      gradFunc: (dy, saved): Grads => {
        const [a, b] = saved as [Core.Tensor, Core.Tensor];
        const [ga, gb] = make(dy as Core.Tensor, a, b);
        return { a: () => fold(ga(), a.shape), b: () => fold(gb(), b.shape) };
      },
    });
  two('Add', (dy) => [() => dy, () => dy]);
  two('Sub', (dy) => [() => dy, () => tf.neg(dy)]);
  two('Multiply', (dy, a, b) => [() => tf.mul(dy, b), () => tf.mul(dy, a)]);
  two('RealDiv', (dy, a, b) => [() => tf.div(dy, b), () => tf.neg(tf.div(tf.mul(dy, a), tf.square(b)))]);
  two('Minimum', (dy, a, b) => [
    () => tf.mul(dy, tf.cast(tf.lessEqual(a, b), 'float32')),
    () => tf.mul(dy, tf.cast(tf.greater(a, b), 'float32')),
  ]);
  const one = (
    kernelName: string,
    of: 'input' | 'output',
    make: (dy: Core.Tensor, x: Core.Tensor) => Core.Tensor,
  ): void =>
    add(kernelName, {
      ...(of === 'input' ? { inputsToSave: ['x'] } : { outputsToSave: [true] }),
      gradFunc: (dy, saved): Grads => ({ x: () => make(dy as Core.Tensor, saved[0]!) }),
    });
  one('Exp', 'output', (dy, y) => tf.mul(dy, y));
  one('Tanh', 'output', (dy, y) => tf.mul(dy, tf.sub(1, tf.square(y))));
  one('Square', 'input', (dy, x) => tf.mul(dy, tf.mul(x, 2)));
  one('Reshape', 'input', (dy, x) => tf.reshape(dy, x.shape));
  // the sum of all numbers; learning takes no other
  one('Sum', 'input', (dy, x) => tf.mul(tf.ones(x.shape), dy));
  add('ClipByValue', {
    inputsToSave: ['x'],
    gradFunc: (dy, saved, attributes): Grads => {
      const { clipValueMin, clipValueMax } = attributes as unknown as { clipValueMin: number; clipValueMax: number };
      const inside = () =>
        tf.logicalAnd(tf.greaterEqual(saved[0]!, clipValueMin), tf.lessEqual(saved[0]!, clipValueMax));
      return { x: () => tf.mul(dy as Core.Tensor, tf.cast(inside(), 'float32')) };
    },
  });
  // of matrices that are not transposed
  add('BatchMatMul', {
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, saved): Grads => {
      const [a, b] = saved as [Core.Tensor, Core.Tensor];
      return {
        a: () => tf.matMul(dy as Core.Tensor, b, false, true),
        b: () => tf.matMul(a, dy as Core.Tensor, true, false),
      };
    },
  });
}
