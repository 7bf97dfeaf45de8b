import { useDesk } from '../app/desk.js';
import { gauges, type Gauge } from '../data/risk.js';
import type { StrategyRisk } from '../data/types.js';
import { marketTime } from '../format/time.js';
import { Glyph } from './Glyph.js';

/** Those that are halted first. */
const halted = (strategies: readonly StrategyRisk[]): readonly StrategyRisk[] =>
  [...strategies].sort((a, b) => Number(b.halted) - Number(a.halted));

/** Each strategy's distance to its limits, as bars. */
export function RiskTable({ strategies }: { strategies: readonly StrategyRisk[] }) {
  const { looks } = useDesk();
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-labelledby="book-title">
      <table className="risk">
        <thead>
          <tr>
            <th scope="col">Strategy</th>
            <th scope="col" title="Below the highest mark since the start or the last reset; latched at the limit">
              Drawdown
            </th>
            <th scope="col" title="Below the last mark before the session; to the end of the session">
              Day loss
            </th>
            <th scope="col" title="Entry fills of this session">
              Entries
            </th>
            <th scope="col" title="Losing trades in a row; then entries pause for half an hour">
              Losses
            </th>
          </tr>
        </thead>
        <tbody>
          {halted(strategies).map((risk) => (
            <tr key={risk.strategy_code} className={risk.halted ? 'halted' : undefined}>
              <th scope="row">
                <Glyph look={looks.get(risk.strategy_code)} size={10} />
                {risk.strategy_code}
                {risk.halted && <span className="visually-hidden"> (halted)</span>}
              </th>
              {gauges(risk, marketTime).map((gauge) => (
                <td key={gauge.key} data-label={gauge.label} className={gauge.breached ? 'breached' : undefined}>
                  <Bar gauge={gauge} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Bar({ gauge }: { gauge: Gauge }) {
  return (
    <>
      <span>
        {gauge.breached && <strong aria-label="limit reached">! </strong>}
        {gauge.text}
      </span>
      <svg className="gauge" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden>
        <rect className="track" width="100" height="4" />
        <rect className="fill" width={Math.round(gauge.used * 100)} height="4" />
      </svg>
    </>
  );
}
