import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { armedBy, CRASH_POINTS } from './crash-points.js';

describe('crash points', () => {
  it('need both variables: one of them alone harms no host', () => {
    expect(armedBy({ SIGNALBOX_CRASH_AT: 'bar.stepped' })).toBeNull();
    expect(armedBy({ SIGNALBOX_TORTURE: '1' })).toBeNull();
    expect(armedBy({ SIGNALBOX_CRASH_AT: 'bar.stepped:3', SIGNALBOX_TORTURE: '1' })).toEqual({
      point: 'bar.stepped',
      left: 3,
    });
  });

  it.each(['bar.steped', 'bar.stepped:0', 'bar.stepped:x', 'toString'])(
    'a wish that means nothing is refused: %s',
    (wish) => {
      expect(() => armedBy({ SIGNALBOX_CRASH_AT: wish, SIGNALBOX_TORTURE: '1' })).toThrow(RangeError);
    },
  );

  it('each stands exactly once in the host', () => {
    const source = join(import.meta.dirname, '..');
    const texts = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => readFileSync(join(source, name), 'utf8'))
      .join('\n');
    for (const point of Object.keys(CRASH_POINTS))
      expect([point, texts.split(`crashPoint('${point}')`).length - 1]).toEqual([point, 1]);
  });
});
