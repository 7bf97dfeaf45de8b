import { compileKernel, type Each, type Kernel, type Layer } from './kernel.js';
import type { Value } from './value.js';

/** What the kernel knows how to do: a layer, or an operation on each number of what the step before gave. */
export type Part = { readonly input: Value } & ({ readonly layer: Layer } | { readonly each: Each });

/** A node that has something to run for each row. */
export interface Step {
  readonly run: () => void;
  readonly part?: Part;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
}

/** A kernel has a memory of its own, and its code grows with its layers. */
const MAX_KERNELS = 8;
const MAX_LAYERS = 64;
const MAX_EACH = 4;

/** Steps as functions, layers behind one another as one, when nothing else looks at what is between them. */
export function fuse(steps: readonly Step[], result: Value, compile = compileKernel): (() => void)[] {
  // views share memory, so memory is what is asked for
  const uses = new Map<Value['data'], number>([[result.data, 1]]);
  for (const { inputs } of steps)
    for (const value of inputs) if (value) uses.set(value.data, (uses.get(value.data) ?? 0) + 1);
  const runs: (() => void)[] = [];
  let kernels = 0;
  for (let i = 0; i < steps.length;) {
    let end = i;
    const layers: [Layer, Each[]][] = [];
    for (; end < steps.length; end++) {
      const { part } = steps[end]!;
      if (!part) break;
      const before = end > i ? steps[end - 1]!.outputs[0]! : undefined;
      if (before && (part.input.data !== before.data || uses.get(before.data) !== 1)) break;
      if ('layer' in part) {
        if (layers.length === MAX_LAYERS) break;
        layers.push([part.layer, []]);
      } else {
        const each = layers.at(-1)?.[1];
        if (!each || each.length === MAX_EACH) break;
        each.push(part.each);
      }
    }
    const kernel = layers.length > 0 && kernels < MAX_KERNELS ? compile(layers) : null;
    if (kernel) {
      kernels++;
      runs.push(through(kernel, steps[i]!.part!.input.data, steps[end - 1]!.outputs[0]!.data));
      i = end;
    } else runs.push(steps[i++]!.run);
  }
  return runs;
}

function through({ input, output, run }: Kernel, from: Value['data'], to: Value['data']): () => void {
  return () => {
    for (let i = 0; i < input.length; i++) input[i] = from[i]!;
    run();
    for (let i = 0; i < output.length; i++) to[i] = output[i]!;
  };
}
