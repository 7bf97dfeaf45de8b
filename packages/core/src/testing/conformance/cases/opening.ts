import { describe, fail, pass, type Case } from '../subject.js';
import { quietly } from '../run.js';

export const opening: Case = {
  name: 'opening',
  rule: 'create gives a session with onBar.',
  needs: ['configuration'],
  async run(subject) {
    let session;
    try {
      session = await subject.open();
    } catch (error) {
      return fail(`create rejected with ${describe(error)}`);
    }
    await quietly(() => session.close?.());
    return pass(session.save ? 'a session with state' : 'a session without state');
  },
};
