import { STRATEGY_BRAND, type AnyStrategy } from '../../../strategies/contract.js';
import { fail, pass, type Verdict } from '../subject.js';

export const METADATA = { name: 'metadata', rule: 'The definition is complete and consistent.' } as const;

const FORMATS = ['onnx', 'xgboost-json', 'xgboost-ubj', 'lightgbm-text'];

/** `usable` is false when nothing else can be asked of the definition. */
export function checkMetadata(value: unknown, known: readonly string[]): { verdict: Verdict; usable: boolean } {
  const d = value as Partial<AnyStrategy> | null | undefined;
  if (typeof d !== 'object' || d === null || d.$$type !== STRATEGY_BRAND)
    return { verdict: fail('it was not made by defineStrategy'), usable: false };
  const shape: string[] = [];
  const listOfNames = (list: unknown): list is string[] =>
    Array.isArray(list) && list.every((name) => typeof name === 'string' && name !== '');
  if (!listOfNames(d.features)) shape.push('features must be a list of names');
  if (d.members !== undefined && !listOfNames(d.members)) shape.push('members must be a list of codes');
  if (d.acceptsMissing !== undefined && !listOfNames(d.acceptsMissing))
    shape.push('acceptsMissing must be a list of names');
  if (typeof d.create !== 'function') shape.push('create must be a function');
  if (typeof d.config !== 'object' || d.config === null) shape.push('config must be a JSON Schema');
  if (shape.length > 0) return { verdict: fail(shape.join('; ')), usable: false };

  const { features, members = [], acceptsMissing = [], artifacts = {} } = d as AnyStrategy;
  const unknown = features.filter((name) => !known.includes(name));
  const problems: string[] = [];
  if (!Object.isFrozen(d)) problems.push('the definition is not frozen');
  if (!/^[A-Z][A-Z0-9_]{1,49}$/.test(String(d.code)))
    problems.push(`code ${String(d.code)} must be 2–50 of A–Z, 0–9 and _`);
  if (typeof d.name !== 'string' || d.name.trim() === '') problems.push('name is empty');
  if (!['RL', 'ML', 'LLM', 'ENSEMBLE'].includes(String(d.type))) problems.push(`type ${String(d.type)} is unknown`);
  if (d.apiVersion !== 1) problems.push(`apiVersion ${String(d.apiVersion)} is unknown; it is 1`);
  if (unknown.length > 0) problems.push(`the feature file does not define ${unknown.join(', ')}`);
  if (new Set(features).size < features.length) problems.push('a feature is declared twice');
  if (members.includes(d.code!)) problems.push('it is a member of itself');
  for (const name of acceptsMissing)
    if (!features.includes(name)) problems.push(`acceptsMissing names ${name}, which is not declared`);
  for (const [name, formats] of Object.entries(artifacts))
    if (!Array.isArray(formats) || formats.length === 0 || formats.some((format) => !FORMATS.includes(format)))
      problems.push(`artifact ${name} must list formats of ${FORMATS.join(', ')}`);
  if (problems.length > 0) return { verdict: fail(problems.join('; ')), usable: unknown.length === 0 };
  const plural = features.length === 1 ? 'feature' : 'features';
  return { verdict: pass(`${d.code}, ${d.type}, ${features.length} ${plural}`), usable: true };
}
