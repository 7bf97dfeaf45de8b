import { unsupported } from './model-error.js';

/** What an objective does with the margins of one row. */
export interface Objective {
  readonly name: string;
  /** Margins to predictions, in place: `count` numbers from `from`. */
  transform(values: Float64Array, from: number, count: number): void;
}

/** XGBoost's softmax: exponentials and quotients in float32, their sum in float64. */
function softmax(values: Float64Array, from: number, count: number): void {
  let max = values[from]!;
  for (let k = 1; k < count; k++) max = Math.max(max, values[from + k]!);
  let sum = 0;
  for (let k = 0; k < count; k++) {
    const e = Math.fround(Math.exp(Math.fround(values[from + k]! - max)));
    values[from + k] = e;
    sum += e;
  }
  const total = Math.fround(sum);
  for (let k = 0; k < count; k++) values[from + k] = Math.fround(values[from + k]! / total);
}

const OBJECTIVES: Readonly<Record<string, Objective['transform']>> = { 'multi:softprob': softmax };

export function objectiveOf(name: string): Objective {
  const transform = Object.hasOwn(OBJECTIVES, name) ? OBJECTIVES[name] : undefined;
  if (!transform)
    throw unsupported(
      `objective ${JSON.stringify(name.slice(0, 80))}`,
      `Train with one of: ${Object.keys(OBJECTIVES).join(', ')}.`,
    );
  return { name, transform };
}
