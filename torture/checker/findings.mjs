// What the rules find: the rule's name, how often, and the first few cases in words.

const SHOWN = 5;

export class Findings {
  #rules = new Map();

  /** Notes a violation of `rule`. */
  add(rule, what) {
    const found = this.#rules.get(rule) ?? { rule, count: 0, examples: [] };
    found.count++;
    if (found.examples.length < SHOWN) found.examples.push(what);
    this.#rules.set(rule, found);
  }

  /** Notes one where two values differ. */
  equal(rule, what, found, expected) {
    if (found !== expected) this.add(rule, `${what}: ${String(found)}, expected ${String(expected)}`);
  }

  get list() {
    return [...this.#rules.values()].sort((a, b) => (a.rule < b.rule ? -1 : 1));
  }
}

export const iso = (time) =>
  time === null || time === undefined ? String(time) : new Date(Number(time)).toISOString();
