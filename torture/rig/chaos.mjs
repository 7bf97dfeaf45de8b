// When to strike what: seeded quotas of kills, spread over the bars of a run.
import { crashPoints } from './crash-points.mjs';

/** Points that a start passes by itself; the others need bars. */
const AT_START = /^(start|leader|desk)\./;
/** Bars that an armed host is given to reach its point. */
const PATIENCE = 6;

export class Chaos {
  kills = {
    host: { total: 0, random: 0, starting: 0, points: {} },
    postgres: { total: 0 },
    redis: { total: 0, emptied: 0 },
  };
  #bar = 0;
  #planned = {};
  #points = [];
  /** The point that the running host is armed with. */
  #armed = null;

  /** `quotas`: kills by target; `bars`: how many the run has; `only`: the host dies at these points alone. */
  constructor(random, quotas, bars, only) {
    this.only = only;
    this.random = random;
    this.quotas = { host: 0, postgres: 0, redis: 0, ...quotas };
    this.bars = bars;
    for (const [target, count] of Object.entries(this.quotas))
      this.#planned[target] = Array.from({ length: count }, () => random.whole(0, bars - 1)).sort((a, b) => a - b);
  }

  left(target) {
    return this.quotas[target] - this.kills[target].total;
  }

  /** Deaths before a bar is taken do not use up those of the bars to come. */
  #mayDie() {
    if (this.only) return this.left('host') > 0;
    return this.kills.host.total < this.#planned.host.filter((bar) => bar <= this.#bar + 2).length;
  }

  /** The crash point of the host that starts now, as the environment has it, or null. */
  arm() {
    this.#armed = null;
    if (this.left('host') <= 0 || (!this.only && this.random.chance(0.35))) return null;
    if (this.#points.length === 0) this.#points = shuffled(this.only ?? Object.keys(crashPoints()), this.random);
    const at = this.#points.findLastIndex((name) => this.#mayDie() || !AT_START.test(name));
    if (at === -1) return null;
    const [point] = this.#points.splice(at, 1);
    // about when its next death is due
    const ahead = Math.max(1, (this.#planned.host[this.kills.host.total] ?? this.bars) - this.#bar + 1);
    const count = AT_START.test(point) ? 1 : this.random.whole(1, Math.max(1, Math.ceil(ahead * passesPerBar(point))));
    this.#armed = point;
    return `${point}:${count}`;
  }

  /** Milliseconds after its start at which the host is killed, ready or not; null: not this one. */
  startingKill() {
    if (this.only || !this.#mayDie() || this.#armed !== null || this.random.chance(0.7)) return null;
    return this.random.whole(20, 3_000);
  }

  /** A host has died by SIGKILL; `struck`: by us, else at its point. */
  died(struck) {
    const { host } = this.kills;
    host.total++;
    if (struck === 'starting') host.starting++;
    else if (struck === 'bar' || this.#armed === null) host.random++;
    else host.points[this.#armed] = (host.points[this.#armed] ?? 0) + 1;
    this.#armed = null;
  }

  struck(target, { emptied = false } = {}) {
    this.kills[target].total++;
    if (emptied) this.kills[target].emptied++;
  }

  /** A target to strike while bar `index` is decided, with a delay in milliseconds; undefined when none is due (any more). */
  strike(index) {
    this.#bar = index;
    const last = index === this.bars - 1;
    for (const target of Object.keys(this.quotas)) {
      if (target === 'host' && this.only) continue;
      const reach = target === 'host' && this.#armed !== null && !last ? index - PATIENCE : index;
      const due = this.#planned[target].filter((bar) => bar <= reach).length;
      if (this.kills[target].total < due)
        return { target, delay: this.random.whole(0, this.random.chance(0.5) ? 40 : 400) };
    }
    return undefined;
  }
}

function passesPerBar(point) {
  if (point.startsWith('part.')) return point === 'part.fills' ? 0.2 : 5;
  if (point.startsWith('feed.')) return 5;
  return 1;
}

function shuffled(list, random) {
  const left = [...list];
  for (let i = left.length - 1; i > 0; i--) {
    const j = random.whole(0, i);
    [left[i], left[j]] = [left[j], left[i]];
  }
  return left;
}
