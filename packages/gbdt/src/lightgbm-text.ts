import { malformed } from './model-error.js';

/** One block of `key=value` lines; a line without `=` is a key with the value ''. */
export class Section {
  constructor(
    readonly name: string,
    readonly entries: ReadonlyMap<string, string>,
  ) {}

  has(key: string): boolean {
    return this.entries.has(key);
  }

  text(key: string): string {
    const value = this.entries.get(key);
    if (value === undefined) throw malformed(this.name, `has no ${key}`);
    return value;
  }

  whole(key: string, min: number, max: number, fallback?: number): number {
    if (fallback !== undefined && !this.has(key)) return fallback;
    const text = this.text(key);
    const number = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    if (!(number >= min && number <= max))
      throw malformed(this.name, `${key} is ${show(text)}, not a whole number from ${min} to ${max}`);
    return number;
  }

  /** A list of exactly `length` whole numbers. */
  wholes(key: string, length: number, min: number, max: number): Int32Array {
    const tokens = this.#tokens(key, length);
    return Int32Array.from(tokens, (token, i) => {
      const number = /^-?\d{1,10}$/.test(token) ? Number(token) : NaN;
      if (!(number >= min && number <= max))
        throw malformed(this.name, `${key}[${i}] is ${show(token)}, not a whole number from ${min} to ${max}`);
      // bits of an unsigned word fit as well as a signed number
      return number | 0;
    });
  }

  /** A list of exactly `length` numbers; infinities and NaN are as they stand. */
  numbers(key: string, length: number): Float64Array {
    return Float64Array.from(this.#tokens(key, length), (token, i) => {
      if (NUMBER.test(token)) return Number(token);
      const special = SPECIAL.get(token.toLowerCase());
      if (special === undefined) throw malformed(this.name, `${key}[${i}] is ${show(token)}, not a number`);
      return special;
    });
  }

  #tokens(key: string, length: number): readonly string[] {
    const text = this.text(key).trim();
    const tokens = text === '' ? [] : text.split(' ', length + 1);
    if (tokens.length !== length)
      throw malformed(
        this.name,
        `${key} has ${tokens.length > length ? 'more than ' : ''}${Math.min(tokens.length, length)} entries instead of ${length}`,
      );
    return tokens;
  }
}

const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['inf', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
  ['infinity', Infinity],
  ['-infinity', -Infinity],
  ['nan', NaN],
  ['-nan', NaN],
]);

/** The header, one section per tree; what follows `end of trees` describes the training and is not read. */
export function sectionsOf(text: string, maxTrees: number): { header: Section; trees: readonly Section[] } {
  const trees: Section[] = [];
  let entries = new Map<string, string>();
  let name = 'the header';
  let header: Section | undefined;
  const close = (): void => {
    const section = new Section(name, entries);
    if (header) trees.push(section);
    else header = section;
  };
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(at, end).trimEnd();
    at = end + 1;
    if (line === 'end of trees') {
      close();
      return { header: header!, trees };
    }
    const equals = line.indexOf('=');
    const key = equals < 0 ? line : line.slice(0, equals);
    const value = equals < 0 ? '' : line.slice(equals + 1);
    if (key === 'Tree') {
      close();
      if (trees.length >= maxTrees)
        throw malformed('the LightGBM model', `has more than the limit of ${maxTrees} trees`);
      if (value !== String(trees.length))
        throw malformed('the LightGBM model', `tree ${trees.length} is numbered ${show(value)}`);
      name = `tree ${value}`;
      entries = new Map();
    } else if (key !== '') {
      if (entries.has(key)) throw malformed(name, `${show(key)} stands twice`);
      entries.set(key, value);
    }
  }
  throw malformed('the LightGBM model', 'is cut off: "end of trees" is missing');
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
