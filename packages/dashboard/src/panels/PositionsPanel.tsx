import { useDesk, useDeskState } from '../app/desk.js';
import { decimal, price } from '../format/number.js';
import { duration, marketTime } from '../format/time.js';
import { Arrow, Glyph } from './Glyph.js';
import { Panel } from './Panel.js';
import { Pnl } from './Pnl.js';

export function PositionsPanel() {
  const { feed, looks } = useDesk();
  const positions = useDeskState((state) => state.positions);
  return (
    <Panel
      id="positions"
      title="Open positions · paper"
      resource={positions}
      href="/api/models/positions/current"
      retry={() => feed.refresh(['positions'])}
      tools={
        positions.data !== null &&
        positions.data.positions.length > 0 && (
          <span className="total">
            <Pnl value={positions.data.total_pnl} />
          </span>
        )
      }
      empty={(data) =>
        data.positions.length === 0
          ? {
              title: 'No open position',
              hint: 'A long or short signal opens one at the next bar; all are closed at the end of a session.',
            }
          : null
      }
    >
      {({ positions: open }) => (
        <div className="table-scroll" tabIndex={0} role="group" aria-labelledby="positions-title">
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
              {open.map((position) => (
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
      )}
    </Panel>
  );
}
