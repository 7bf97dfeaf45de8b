import { pnl, trend } from '../format/number.js';

/** A profit or loss: sign, arrow and colour. */
export function Pnl({ value }: { value: number | null | undefined }) {
  const way = trend(value);
  return (
    <span className={way > 0 ? 'gain' : way < 0 ? 'loss' : undefined}>
      {way !== 0 && <span aria-hidden>{way > 0 ? '▴' : '▾'}</span>}
      {pnl(value)}
    </span>
  );
}
