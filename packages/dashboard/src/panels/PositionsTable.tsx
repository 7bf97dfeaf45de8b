import { useDesk } from '../app/desk.js';
import type { Position } from '../data/types.js';
import { decimal, price } from '../format/number.js';
import { duration, marketTime } from '../format/time.js';
import { Arrow, Glyph } from './Glyph.js';
import { Pnl } from './Pnl.js';

export function PositionsTable({ positions }: { positions: readonly Position[] }) {
  const { looks } = useDesk();
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-labelledby="book-title">
      <table>
        <thead>
          <tr>
            <th scope="col">Strategy</th>
            <th scope="col">Side</th>
            <th scope="col">USD</th>
            <th scope="col">Entry</th>
            <th scope="col">Stop</th>
            <th scope="col">Target</th>
            <th scope="col">P&amp;L</th>
            <th scope="col">Since</th>
          </tr>
        </thead>
        <tbody>
          {positions.map((position) => (
            <tr key={position.position_id}>
              <th scope="row" title={position.strategy_name}>
                <Glyph look={looks.get(position.strategy_code)} size={10} />
                {position.strategy_code}
              </th>
              <td data-label="Side" className={`side-${position.side}`}>
                <Arrow direction={position.side} size={8} /> {position.side}
              </td>
              <td data-label="USD">{decimal(position.quantity, 2)}</td>
              <td data-label="Entry">{price(position.entry_price)}</td>
              <td data-label="Stop">{price(position.stop_loss)}</td>
              <td data-label="Target">{price(position.take_profit)}</td>
              <td data-label="P&L">
                <Pnl value={position.unrealized_pnl} />
              </td>
              <td data-label="Since" title={`held ${duration(position.holding_time_minutes * 60_000)}`}>
                {marketTime(position.entry_time)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
