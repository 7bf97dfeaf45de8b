// What a disturbed run has left equals what the undisturbed one left, to the byte, apart from wall times and row numbers.
import { canonical } from './events.mjs';

const FACTS = ['signals', 'none', 'equity', 'positions', 'performance', 'states', 'features', 'cycles'];
const NUMBERS = new Set(['id', 'committed', 'publication', 'seq']);
const PAYLOAD_NUMBERS = ['signal_id', 'position_id', 'alert_id'];

export function checkUndisturbed(record, undisturbed, findings) {
  for (const name of FACTS) compare(name, rowsOf(record, name), rowsOf(undisturbed, name), findings);
  // strategies commit side by side: which of them comes first within a bar is nobody's promise
  compare('events', eventsOf(record), eventsOf(undisturbed), findings);
  compare('alerts', rowsOf(record, 'alerts').sort(), rowsOf(undisturbed, 'alerts').sort(), findings);
}

function rowsOf(record, name) {
  const codes = new Map(record.strategies.map(({ id, code }) => [id, code]));
  return record[name]
    .map((row) => {
      const kept = Object.fromEntries(Object.entries(row).filter(([key]) => !NUMBERS.has(key)));
      if ('strategy' in kept) kept.strategy = codes.get(kept.strategy) ?? null;
      return canonical(kept);
    })
    .sort();
}

function eventsOf(record) {
  return record.events
    .map(({ type, time, payload }) => {
      const kept = { ...payload };
      for (const key of PAYLOAD_NUMBERS) delete kept[key];
      return canonical({ type, time, payload: kept });
    })
    .sort();
}

function compare(name, found, wanted, findings) {
  const rule = `undisturbed-${name}`;
  const left = [...found];
  for (const row of wanted) {
    const at = left.indexOf(row);
    if (at === -1) findings.add(rule, `not there: ${row.slice(0, 300)}`);
    else left.splice(at, 1);
  }
  for (const row of left) findings.add(rule, `too much: ${row.slice(0, 300)}`);
}
