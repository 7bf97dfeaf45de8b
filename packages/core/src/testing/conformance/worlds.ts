import type { Bar } from '../../market/bar.js';
import { createRandom, type Random } from '../random.js';
import { fixtureWorld, type World } from '../world.js';

/** The same world up to `cut`; from there on its bars in another order, other macro values, and the other symbols' bars moved. */
export function scrambleFuture(world: World, cut: number, seed = 1): Pick<World, 'bars' | 'macro' | 'others'> {
  const first = world.bars.findIndex((bar) => bar.time >= cut);
  if (first < 0) return world;
  const random = createRandom(seed, first);
  const order = world.bars.slice(first);
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  let price = world.bars[Math.max(0, first - 1)]!.close;
  const bars = world.bars.map((bar, i): Bar => {
    if (i < first) return bar;
    const shape = order[i - first]!;
    // a jump on top: the order alone could come out as it was
    const scale = (price / shape.open) * (1 + 0.002 * random.normal());
    const [open, high, low, close] = [shape.open, shape.high, shape.low, shape.close].map((x) => x * scale) as [
      number,
      number,
      number,
      number,
    ];
    price = close;
    return { ...bar, open, high, low, close };
  });
  const date = world.calendar.sessionDate(cut);
  const macro = world.macro.map((row) =>
    row.date < date
      ? row
      : { ...row, values: Object.fromEntries(Object.entries(row.values).map(([name, value]) => [name, value * 1.05])) },
  );
  const others = Object.fromEntries(
    Object.entries(world.others).map(([symbol, own]) => [
      symbol,
      own.map((bar) => (bar.time < cut ? bar : moved(bar, random))),
    ]),
  );
  return { bars, macro, others };
}

function moved(bar: Bar, random: Random): Bar {
  const by = 1 + 0.002 * random.normal();
  return { ...bar, open: bar.open * by, high: bar.high * by, low: bar.low * by, close: bar.close * by };
}

/** Every seventh bar or so is absent, and one whole hour. */
export function dropBars(world: World, seed = 1): readonly Bar[] {
  const random = createRandom(seed, 7);
  const half = world.bars.length >> 1;
  return world.bars.filter((_, i) => random.uniform() >= 1 / 7 && !(i >= half && i < half + 12));
}

/** Other bars at other times, as another symbol would have them. */
export function otherWorld(world: World): World {
  const last = world.calendar.sessionDate(world.bars.at(-1)!.time);
  return fixtureWorld({
    seed: 99,
    calendar: world.calendar,
    features: world.features,
    instrument: world.instrument,
    sessions: Math.ceil(world.bars.length / world.calendar.slotsPerSession),
    firstSession: world.calendar.nextSessionDay(last),
  });
}
