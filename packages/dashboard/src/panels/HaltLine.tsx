import { useState, type FormEvent } from 'react';
import { useMay } from '../access/session.js';
import { useDesk, useDeskState } from '../app/desk.js';
import type { Problem } from '../data/resource.js';
import { since } from '../data/risk.js';
import type { StrategyRisk } from '../data/types.js';
import { halt } from '../format/reason.js';
import { marketMoment } from '../format/time.js';

/** That a strategy opens nothing, because of which limit and since when; and the way to lift a drawdown halt. */
export function HaltLine({ risk }: { risk: StrategyRisk }) {
  const mayReset = useMay('admin');
  const alerts = useDeskState((state) => state.alerts.data) ?? [];
  return (
    <div className="halt" role="group" aria-label={`${risk.strategy_code} is halted`}>
      <strong className="badge badge-halted">HALTED</strong>
      <ul>
        {risk.reasons.map((reason) => {
          const began = since(alerts, risk.strategy_code, reason);
          return (
            <li key={reason}>
              {halt(reason)}
              {began && ` · since ${marketMoment(began)}`}
              {reason === 'pause' && risk.pause_until && ` · until ${marketMoment(risk.pause_until)}`}
            </li>
          );
        })}
      </ul>
      <p className="muted small">No entries; exits and stops go on, signals are stored.</p>
      {mayReset && risk.reasons.includes('drawdown') && <Reset code={risk.strategy_code} />}
    </div>
  );
}

/** A halt is lifted with a reason, and with the name typed: it lets a strategy trade again. */
function Reset({ code }: { code: string }) {
  const { feed } = useDesk();
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState('');
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const ready = reason.trim() !== '' && typed.trim() === code && !busy;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!ready) return;
    setBusy(true);
    void feed.resetRisk(code, reason.trim()).then((found) => {
      setProblem(found);
      setBusy(false);
      if (!found) setOpen(false);
    });
  };
  if (!open)
    return (
      <button type="button" onClick={() => setOpen(true)}>
        Reset …
      </button>
    );
  return (
    <form className="reset" onSubmit={submit}>
      <label>
        Reason, kept with the reset
        <input value={reason} maxLength={1000} autoComplete="off" onChange={({ target }) => setReason(target.value)} />
      </label>
      <label>
        Type {code} to confirm
        <input value={typed} autoComplete="off" spellCheck={false} onChange={({ target }) => setTyped(target.value)} />
      </label>
      <p>
        <button type="submit" disabled={!ready}>
          Lift the halt
        </button>{' '}
        <button type="button" onClick={() => setOpen(false)}>
          Cancel
        </button>
      </p>
      {problem && (
        <p className="warn" role="alert">
          <code>{problem.code}</code> {problem.message}. {problem.remedy}
        </p>
      )}
    </form>
  );
}
