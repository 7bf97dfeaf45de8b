import { expect, it } from 'vitest';
import { Lane } from './lane.js';

it('runs what has a place in order of arrival, and refuses what would wait behind too many or too long', async () => {
  const lane = new Lane(1, 2, 50);
  const done: string[] = [];
  let end = (): void => {};
  const hangs = (): Promise<void> => new Promise((resolve) => (end = resolve));
  const say = (what: string) => (): Promise<void> => {
    done.push(what);
    return Promise.resolve();
  };
  let first = lane.run(hangs);
  const [second, third] = [lane.run(say('second')), lane.run(say('third'))];
  await expect(lane.run(say('fourth'))).rejects.toMatchObject({ code: 'BUSY' });
  end();
  await Promise.all([first, second, third]);
  expect(done).toEqual(['second', 'third']);
  first = lane.run(hangs);
  await expect(lane.run(say('late'))).rejects.toMatchObject({ code: 'BUSY' });
  end();
  await first;
  await expect(lane.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  await lane.run(say('after'));
  expect(done).toEqual(['second', 'third', 'after']);
});
