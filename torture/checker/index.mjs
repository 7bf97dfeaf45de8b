// The judge of a run. Imports nothing from packages/*: what it says does not depend on the code that it judges.
import { checkDecisions } from './decisions.mjs';
import { checkEvents, checkFollower, checkStreams } from './events.mjs';
import { Findings } from './findings.mjs';
import { checkUndisturbed } from './undisturbed.mjs';

/**
 * The violated rules, each with its count and first cases; empty when nothing is lost, doubled or other than it should be.
 *
 * @param {object} record of `readRecord`
 * @param {{from: number, streams?: object, follower?: object, undisturbed?: object}} options `from`: open time of the run's first bar
 */
export function check(record, { from, streams, follower, undisturbed }) {
  const findings = new Findings();
  checkDecisions(record, from, findings);
  checkEvents(record, from, findings);
  if (streams) checkStreams(record, streams, findings);
  if (follower) checkFollower(record, follower, findings);
  if (undisturbed) checkUndisturbed(record, undisturbed, findings);
  return findings.list;
}
