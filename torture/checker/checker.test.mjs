import { describe, expect, it } from 'vitest';
import { fee, profit, ratio, units } from './exact.mjs';
import { followerOf, FROM, record, SLOT_MS, streamsOf } from './fixture.mjs';
import { check } from './index.mjs';

describe('exact decimals', () => {
  it('half goes to even: 25.5 bp of 2,500 is 6.38, of 300 is .76', () => {
    expect(fee(units('2500', 6), 255n)).toBe(638n);
    expect(fee(units('300', 6), 255n)).toBe(76n);
    expect([ratio(5n, 2n), ratio(7n, 2n), ratio(-5n, 2n), ratio(-7n, 2n), ratio(-8n, 3n)]).toEqual([
      2n,
      4n,
      -2n,
      -4n,
      -3n,
    ]);
  });

  it('profit is quantity · dir · (exit − entry) / exit: 2,000 USD from 4,000 to 4,040 are 19.80', () => {
    expect(profit('long', units('2000', 6), units('4000', 6), units('4040', 6))).toBe(1980n);
    expect(profit('short', units('2000', 6), units('4000', 6), units('4040', 6))).toBe(-1980n);
  });

  it('a digit that a column cannot hold is an error, not rounded away', () => {
    expect(() => units('1.005', 2)).toThrow(RangeError);
    expect(units('-1.50', 2)).toBe(-150n);
  });
});

describe('the book of the fixture, computed by hand', () => {
  const { positions, equity } = record();
  it('the stop of a long: 2,000 USD from 4,000 to 3,960 lose 20.20, each fill pays 25.5 bp', () => {
    expect(positions[0]).toMatchObject({
      side: 'long',
      quantity: '2000.000000',
      entry: '4000.000000',
      exit: '3960.000000',
      reason: 'stop_loss',
      realized: '-20.20',
      fees: '10.20',
    });
    // 10,000 − 20.20 − 10.20
    expect(equity[8].equity).toBe('9969.60');
  });

  it('an opposite signal closes and opens at the next open; a bar that touches both levels fills at the stop', () => {
    expect(positions.slice(1).map(({ side, reason, exit }) => [side, reason, exit])).toEqual([
      ['short', 'flip', '4000.000000'],
      ['long', 'signal', '4000.000000'],
      ['long', 'stop_loss', '3960.000000'],
      ['short', 'session_end', '4000.000000'],
    ]);
  });
});

/** Rules that a change of the good record violates. */
function rules(change) {
  const good = record();
  const options = { from: FROM, streams: streamsOf(good), follower: followerOf(good), undisturbed: record() };
  change(good, options);
  return check(good, options).map(({ rule }) => rule);
}
const without = (list, at) => list.splice(at, 1)[0];
/** The events are changed, and whoever copies them has the same. */
const copied = (change) => (row, options) => {
  change(row);
  options.streams = streamsOf(row);
  options.follower = followerOf(row);
};

describe('each fault is named by its rule', () => {
  it('a good record violates none', () => {
    expect(rules(() => {})).toEqual([]);
  });

  it.each([
    [
      'a decision that is not there',
      (r) => without(r.signals, 7),
      ['decision-missing', 'event-unfounded', 'undisturbed-signals'],
    ],
    [
      'a signal twice',
      (r) => r.signals.push({ ...r.signals[7], id: '900' }),
      ['decision-doubled', 'event-missing', 'undisturbed-signals'],
    ],
    [
      'a signal and a no-signal',
      (r) => r.none.push({ ...r.signals[7], code: 'stale' }),
      ['decision-doubled', 'undisturbed-none'],
    ],
    ['an equity row twice', (r) => r.equity.push({ ...r.equity[7] }), ['equity-doubled', 'undisturbed-equity']],
    ['an equity row missing', (r) => without(r.equity, 7), ['equity-missing', 'undisturbed-equity']],
    [
      'a decision outside the run',
      (r) => r.none.push({ strategy: 1, time: FROM - SLOT_MS, stamp: FROM, mode: 'live' }),
      ['decision-unasked', 'undisturbed-none'],
    ],
    ['a bar caught up with', (r) => (r.signals[7].mode = 'catch_up'), ['decision-mode', 'undisturbed-signals']],
    ['a cycle that was missed', (r) => (r.cycles[3].status = 'missed'), ['cycles', 'undisturbed-cycles']],
    ['a bar that is not stored', (r) => without(r.bars, 70), ['bars']],
    ['a mark off by a cent', (r) => (r.equity[20].equity = '9940.01'), ['equity-value', 'undisturbed-equity']],
    ['a fee off by a cent', (r) => (r.positions[0].fees = '10.21'), ['position-fees', 'undisturbed-positions']],
    [
      'the target filled before the stop',
      (r) => Object.assign(r.positions[3], { exit: '4060.000000', reason: 'take_profit', realized: '43.76' }),
      ['position-exit', 'position-realized', 'position-reason'],
    ],
    ['a position too few', (r) => without(r.positions, 4), ['event-unfounded', 'positions', 'undisturbed-positions']],
    ['a refusal that is not recorded', (r) => (r.signals[57].signal = 'long'), ['event-payload']],
    ['a state that stands behind', (r) => (r.states[0].time -= SLOT_MS), ['state', 'undisturbed-states']],
    [
      'an alert from nowhere',
      (r) => r.alerts.push({ id: '900', strategy: 1, code: 'RISK_PAUSE', message: 'x', time: FROM }),
      ['alerts', 'event-missing', 'undisturbed-alerts'],
    ],
  ])('%s', (_, change, expected) => {
    expect(rules(change)).toEqual(expect.arrayContaining(expected));
  });

  it.each([
    ['an event that was lost', copied((r) => without(r.events, 5)), ['event-missing', 'seq-gap', 'undisturbed-events']],
    [
      'an event twice',
      copied((r) => r.events.push({ ...r.events[5], id: '900', seq: String(r.events.length + 1) })),
      ['event-doubled', 'undisturbed-events'],
    ],
    [
      'an event without a fact',
      copied((r) =>
        r.events.push({
          ...r.events[1],
          seq: String(r.events.length + 1),
          payload: { ...r.events[1].payload, signal_id: 900 },
        }),
      ),
      ['event-unfounded', 'undisturbed-events'],
    ],
    [
      'an event that nobody numbered',
      (r) => (r.events.at(-1).seq = null),
      ['event-unpublished', 'stream-unfounded', 'follower-unfounded'],
    ],
    ['a number left out', copied((r) => (r.events.at(-1).seq = '900')), ['seq-gap']],
    [
      'an event that says another price',
      copied((r) => (r.events.find((e) => e.payload.action === 'open').payload.price = 1)),
      ['event-payload'],
    ],
    ['two bars in the wrong order', copied((r) => swap(r.events, 1, 3)), ['event-order']],
    ['a signal before its price', copied((r) => swap(r.events, 0, 1)), ['event-order']],
  ])('%s', (_, change, expected) => {
    expect(rules(change)).toEqual(expect.arrayContaining(expected));
  });

  it('events of one publication that are not in the order of their commits', () => {
    const change = (r) => {
      r.events[0].publication = r.events[1].publication;
      r.bars[60].committed = String(BigInt(r.equity[0].committed) + 1n);
    };
    expect(rules(change)).toContain('commit-order');
    // another publication: commits are stamped a moment before others can see them
    expect(rules((r) => (r.bars[60].committed = String(BigInt(r.equity[0].committed) + 1n)))).toEqual([]);
    expect(rules((r) => (r.bars[60].committed = String(BigInt(r.equity[0].committed) + 60_000_000n)))).toContain(
      'commit-order',
    );
  });

  it.each([
    ['an entry that is lost', (_, o) => without(o.streams['trading:signals'], 3), ['stream-missing']],
    [
      'an entry twice',
      (_, o) => o.streams['trading:signals'].push(o.streams['trading:signals'].at(-1)),
      ['stream-doubled'],
    ],
    ['entries in the wrong order', (_, o) => o.streams['trading:prices'].reverse(), ['stream-order']],
    ['an entry of another payload', (_, o) => (o.streams['trading:prices'][2].payload = '{}'), ['stream-payload']],
    [
      'an entry without a fact',
      (_, o) => o.streams['trading:alerts'].push({ id: '1-0', seq: '9999', payload: '{}' }),
      ['stream-unfounded'],
    ],
    ['a follower that missed one', (_, o) => without(o.follower.events, 9), ['follower-missing']],
    ['a follower that missed the last', (_, o) => o.follower.events.pop(), ['follower-missing']],
    [
      'a follower that heard one twice',
      (_, o) => o.follower.events.splice(9, 0, o.follower.events[9]),
      ['follower-repeat'],
    ],
    ['a follower that heard of a gap', (_, o) => o.follower.gaps.push('oldest 7'), ['follower-gap']],
    [
      'a follower that heard something else',
      (_, o) => (o.follower.events[3] = { ...o.follower.events[3], payload: {} }),
      ['follower-payload'],
    ],
  ])('%s', (_, change, expected) => {
    expect(rules(change)).toEqual(expected);
  });

  it('a difference from the undisturbed run that no other rule sees', () => {
    expect(
      rules(
        (r) => (r.signals[5].reasoning = r.events.find((e) => e.payload.signal_id === 6).payload.reasoning = 'another'),
      ),
    ).toEqual(['follower-payload', 'stream-payload', 'undisturbed-events', 'undisturbed-signals']);
  });
});

/** Two events change their places and keep the numbers of these. */
function swap(events, a, b) {
  const [one, other] = [events[a], events[b]];
  [one.seq, other.seq] = [other.seq, one.seq];
  [events[a], events[b]] = [other, one];
}
