import { useDesk } from '../app/desk.js';
import type { Consensus } from '../data/consensus.js';
import { decimal, fraction } from '../format/number.js';
import { noSignal } from '../format/reason.js';
import { marketTime } from '../format/time.js';
import { Badge } from './Badge.js';
import { Arrow, Glyph } from './Glyph.js';

const leaning = (score: number): 'long' | 'short' | 'flat' => (score > 0 ? 'long' : score < 0 ? 'short' : 'flat');

/** Do they agree: the ensemble's vote, with the weights of those that answered made to sum to one. */
export function ConsensusRow({ consensus }: { consensus: Consensus }) {
  const { looks } = useDesk();
  const { votes, silent, score, agreement, answered, configured, direction, barTime } = consensus;
  const members = votes.length + silent.length;
  return (
    <section className="consensus" aria-label="Consensus of the ensemble">
      <p>
        <Badge direction={direction} />
        <strong>{votes.length === 0 ? 'Nobody answered' : `${fraction(agreement)} agree`}</strong>
        <span className="muted" title={`weight ${decimal(answered)} of ${decimal(configured)} answered`}>
          {votes.length} of {members} answered · score {score > 0 ? '+' : ''}
          {decimal(score)} · {marketTime(barTime)}
        </span>
      </p>
      <ul>
        {votes.map((vote) => (
          <li key={vote.code} title={`score ${decimal(vote.score)}, ${fraction(vote.share)} of the weight`}>
            <Glyph look={looks.get(vote.code)} size={9} />
            {vote.code} {fraction(vote.share)} <Arrow direction={leaning(vote.score)} size={8} />
            <span className={`side-${leaning(vote.score)}`}>{decimal(vote.score)}</span>
          </li>
        ))}
        {silent.map(({ code, why }) => (
          <li key={code} className="muted">
            <Glyph look={looks.get(code)} size={9} />
            {code}: {noSignal(why)}
          </li>
        ))}
      </ul>
    </section>
  );
}
