import { useState } from 'react';
import { useDesk, useDeskState } from '../app/desk.js';
import { best, COLUMNS, nextOrder, sorted, type Order } from '../data/comparison.js';
import { Glyph } from './Glyph.js';
import { Panel } from './Panel.js';

const orderBy = (key: string): Order | null => {
  const column = COLUMNS.find((each) => each.key === key);
  return column ? nextOrder(null, column) : null;
};

export function ComparisonPanel() {
  const { feed, looks } = useDesk();
  const comparison = useDeskState((state) => state.comparison);
  const [order, setOrder] = useState<Order | null>(null);
  return (
    <Panel
      id="comparison"
      title="Performance · 30 days"
      resource={comparison}
      href="/api/models/performance/comparison?period=30d"
      retry={() => feed.refresh(['comparison'])}
      tools={
        <select
          className="sort-choice"
          aria-label="Sort by"
          value={order?.key ?? ''}
          onChange={({ target }) => setOrder(orderBy(target.value))}
        >
          <option value="">by code</option>
          {COLUMNS.map((column) => (
            <option key={column.key} value={column.key}>
              by {column.head}
            </option>
          ))}
        </select>
      }
      empty={(data) =>
        data.strategies.length === 0
          ? { title: 'Nothing to compare yet', hint: 'Figures begin with the first strategy that runs.' }
          : null
      }
    >
      {({ strategies }) => (
        <div className="table-scroll" tabIndex={0} role="group" aria-labelledby="comparison-title">
          <table>
            <thead>
              <tr>
                <th scope="col">Strategy</th>
                {COLUMNS.map((column) => (
                  <th
                    key={column.key}
                    scope="col"
                    title={column.meaning}
                    aria-sort={order?.key !== column.key ? 'none' : order.descending ? 'descending' : 'ascending'}
                  >
                    <button type="button" className="sort" onClick={() => setOrder(nextOrder(order, column))}>
                      {column.head}
                      <span aria-hidden>{order?.key !== column.key ? '' : order.descending ? ' ↓' : ' ↑'}</span>
                    </button>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {sorted(strategies, order).map((row) => (
                <tr key={row.strategy_code}>
                  <th scope="row" title={row.strategy_name}>
                    <Glyph look={looks.get(row.strategy_code)} size={10} />
                    {row.strategy_code}
                  </th>
                  {COLUMNS.map((column) => {
                    const missing = row[column.key] === null;
                    const isBest = best(column, strategies).has(row.strategy_code);
                    return (
                      <td
                        key={column.key}
                        data-label={column.head}
                        className={missing ? 'unknown' : isBest ? 'best' : undefined}
                        title={missing ? column.unknown(row) : column.note?.(row)}
                      >
                        {column.show(row)}
                        {column.aside?.(row) && <small className="aside"> {column.aside(row)}</small>}
                        {missing && <span className="visually-hidden"> ({column.unknown(row)})</span>}
                        {isBest && <span className="visually-hidden"> (best)</span>}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
