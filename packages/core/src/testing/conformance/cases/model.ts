import { isSignalboxError } from '../../../errors.js';
import { quietly } from '../run.js';
import { describe, fail, pass, skip, type Case } from '../subject.js';

export const model: Case = {
  name: 'model',
  rule: 'A model file with one changed byte is refused with a code.',
  needs: ['opening'],
  async run(subject) {
    const names = Object.keys(subject.artifacts);
    if (names.length === 0) return skip('it has no artifact');
    for (const name of names) {
      const artifact = subject.artifacts[name]!;
      const bytes = artifact.bytes.slice();
      bytes[bytes.length >> 1]! ^= 1;
      const changed = { ...subject.artifacts, [name]: { ...artifact, bytes } };
      let session;
      try {
        session = await subject.open({ artifacts: changed });
      } catch (error) {
        if (isSignalboxError(error)) continue;
        return fail(`the changed ${name} was refused without a code: ${describe(error)}`);
      }
      await quietly(() => session.close?.());
      return fail(`the changed ${name} was taken; check it with verifyArtifact`);
    }
    return pass(`${names.join(', ')}: a changed byte is refused`);
  },
};
