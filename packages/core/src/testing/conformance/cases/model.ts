import { isSignalboxError } from '../../../errors.js';
import type { Artifact } from '../../../strategies/contract.js';
import { quietly } from '../run.js';
import { describe, fail, pass, skip, type Case, type Subject } from '../subject.js';

export const model: Case = {
  name: 'model',
  rule: 'A model file with one changed byte, and one that does not reproduce its golden vectors, is refused with a code.',
  needs: ['opening'],
  async run(subject) {
    const names = Object.keys(subject.artifacts);
    if (names.length === 0) return skip('it has no artifact');
    for (const name of names) {
      const artifact = subject.artifacts[name]!;
      const bytes = artifact.bytes.slice();
      bytes[bytes.length >> 1]! ^= 1;
      const manifest = withOtherGolden(artifact.manifest);
      const problem =
        (await refusal(subject, name, { ...artifact, bytes }, `the changed ${name}`, 'verifyArtifact')) ??
        (manifest === null
          ? `the manifest of ${name} has no golden vectors: nothing shows that the model is read as its trainer meant it`
          : await refusal(
              subject,
              name,
              { ...artifact, manifest },
              `${name}, whose manifest has another prediction in its last golden row,`,
              'verifyArtifact or openModelSession',
            ));
      if (problem !== null) return fail(problem);
    }
    return pass(`${names.join(', ')}: a changed byte and another golden prediction are refused`);
  },
};

/** What is wrong with how an artifact is refused; null when it is, with a code. */
async function refusal(
  subject: Subject,
  name: string,
  artifact: Artifact,
  what: string,
  by: string,
): Promise<string | null> {
  let session;
  try {
    session = await subject.open({ artifacts: { ...subject.artifacts, [name]: artifact } });
  } catch (error) {
    return isSignalboxError(error) ? null : `${what} was refused without a code: ${describe(error)}`;
  }
  await quietly(() => session.close?.());
  return `${what} was taken; check it with ${by}`;
}

/** The manifest with its last golden prediction moved further than any tolerance; file and digest stay. Null when there is none. */
function withOtherGolden(manifest: unknown): object | null {
  const golden = (manifest as { golden?: { outputs?: unknown } } | null | undefined)?.golden;
  if (!Array.isArray(golden?.outputs)) return null;
  const outputs = structuredClone(golden.outputs) as unknown[];
  const last = outputs.at(-1);
  const x: unknown = Array.isArray(last) ? last.at(-1) : undefined;
  if (typeof x !== 'number') return null;
  (last as number[])[(last as number[]).length - 1] = x + 0.01 * Math.max(1, Math.abs(x));
  return { ...(manifest as object), golden: { ...golden, outputs } };
}
