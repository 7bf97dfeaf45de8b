import { useDesk } from '../app/desk.js';
import { tradeState, type Card } from '../data/card.js';
import type { LatestSignal, Position, StrategyRisk } from '../data/types.js';
import { decimal, fraction, price, usd } from '../format/number.js';
import { noSignal, notTraded, stateWord } from '../format/reason.js';
import { marketMoment, marketTime } from '../format/time.js';
import { Badge } from './Badge.js';
import { Explain } from './Explain.js';
import { HaltLine } from './HaltLine.js';
import { Arrow, Glyph } from './Glyph.js';
import { Pnl } from './Pnl.js';
import { Reasoning } from './Reasoning.js';

/** What one strategy says now and why, or why it says nothing. */
export function StrategyCard({
  card,
  newestBar,
  risk,
}: {
  card: Card;
  newestBar: number | null;
  risk: StrategyRisk | undefined;
}) {
  const { looks } = useDesk();
  const { model, position } = card;
  const look = looks.get(model.strategy_code);
  return (
    <article className={`card card-${card.kind}`} data-look={look?.index ?? 7} data-code={model.strategy_code}>
      <header>
        <Glyph look={look} size={13} />
        <h3>{model.strategy_code}</h3>
        <span className="name" title={model.strategy_name}>
          {model.strategy_name}
        </span>
        <Says card={card} />
      </header>
      {risk?.halted && <HaltLine risk={risk} />}
      {card.kind === 'signal' && <SignalBody signal={card.signal} position={position} newestBar={newestBar} />}
      {card.kind === 'silent' && (
        <>
          <p className="why">
            <span className="muted">{marketTime(card.silence.bar_time)} ·</span>{' '}
            {card.silence.detail || noSignal(card.silence.code)}
          </p>
          {card.last && (
            <p className="muted small">
              Before: {card.last.signal.toUpperCase()} at {marketMoment(card.last.bar_time)}
            </p>
          )}
        </>
      )}
      {card.kind === 'waiting' && <p className="why muted">Serves; no bar answered yet.</p>}
      {card.kind === 'absent' && <p className="why">{model.reason ?? 'The host gives no reason.'}</p>}
      {card.kind !== 'absent' && model.state === 'DEGRADED' && model.reason && (
        <p className="why warn">{model.reason}</p>
      )}
      {position && <PositionLine position={position} />}
    </article>
  );
}

function Says({ card }: { card: Card }) {
  if (card.kind === 'signal') return <Badge direction={card.signal.signal} />;
  const word =
    card.kind === 'absent'
      ? stateWord(card.model.state)
      : card.kind === 'silent'
        ? noSignal(card.silence.code)
        : 'waiting';
  return <span className={`badge badge-${card.kind}`}>{word}</span>;
}

function SignalBody({
  signal,
  position,
  newestBar,
}: {
  signal: LatestSignal;
  position: Position | null;
  newestBar: number | null;
}) {
  const levels = signal.stop_loss !== null || signal.take_profit !== null || signal.size !== null;
  return (
    <>
      <div className="confidence">
        <Confidence value={signal.confidence} />
        <span className="muted">bar {marketTime(signal.bar_time)}</span>
        <Outcome signal={signal} position={position} newestBar={newestBar} />
      </div>
      {levels && (
        <dl className="levels">
          <div>
            <dt>Entry</dt>
            <dd>{price(signal.entry_price)}</dd>
          </div>
          <div>
            <dt>Stop</dt>
            <dd>{price(signal.stop_loss)}</dd>
          </div>
          <div>
            <dt>Target</dt>
            <dd>{price(signal.take_profit)}</dd>
          </div>
          <div>
            <dt>Size</dt>
            <dd>{fraction(signal.size, 1)}</dd>
          </div>
          <div>
            <dt>Risk</dt>
            <dd>{usd(signal.risk_usd)}</dd>
          </div>
        </dl>
      )}
      <Reasoning text={signal.reasoning} />
      <Explain signalId={signal.signal_id} />
    </>
  );
}

function Confidence({ value }: { value: number | null }) {
  const percent = value === null ? 0 : Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <>
      <span className="confidence-value" title="Confidence">
        <span className="visually-hidden">Confidence </span>
        {fraction(value)}
      </span>
      <svg className="confidence-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden>
        <rect className="track" width="100" height="4" />
        <rect className="fill" width={percent} height="4" />
      </svg>
    </>
  );
}

function Outcome({
  signal,
  position,
  newestBar,
}: {
  signal: LatestSignal;
  position: Position | null;
  newestBar: number | null;
}) {
  switch (tradeState(signal, position, newestBar)) {
    case 'not_traded':
      return <span className="outcome warn">not traded: {notTraded(signal.not_traded ?? '')}</span>;
    case 'next_open':
      return <span className="outcome">fills at the next open</span>;
    case 'in_position': // the position's own line says so
    case 'none':
      return null;
  }
}

function PositionLine({ position }: { position: Position }) {
  return (
    <p className="position-line">
      <Arrow direction={position.side} size={9} />
      <span>
        {position.side} {decimal(position.quantity, 2)} USD at {price(position.entry_price)}
      </span>
      <strong>
        <Pnl value={position.unrealized_pnl} />
      </strong>
    </p>
  );
}
