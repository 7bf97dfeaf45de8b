import { useEffect, useState } from 'react';
import { useDesk } from '../app/desk.js';
import { arrived, failed, PENDING, type Resource } from '../data/resource.js';
import { problemOf } from '../data/problem.js';
import type { Explanation } from '../data/types.js';

type Compared = Explanation['stored_vector'];
const CHECKS = [
  ['stored_vector', 'The strategy on the stored vector'],
  ['as_known_then', 'Features as known then'],
  ['as_known_today', 'Features as known today'],
] as const;

/** What one signal was decided with, and whether it comes out again; asked when it is opened. */
export function Explain({ signalId }: { signalId: number }) {
  const [open, setOpen] = useState(false);
  return (
    <div className="explain">
      <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? 'hide' : 'explain'}
      </button>
      {open && <Detail key={signalId} signalId={signalId} />}
    </div>
  );
}

function Detail({ signalId }: { signalId: number }) {
  const { feed } = useDesk();
  const [found, setFound] = useState<Resource<Explanation>>(PENDING);
  useEffect(() => {
    let here = true;
    feed.explain(signalId).then(
      (data) => here && setFound(arrived(data, Date.now())),
      (error: unknown) => here && setFound((known) => failed(known, problemOf(error))),
    );
    return () => {
      here = false;
    };
  }, [feed, signalId]);
  if (found.problem)
    return (
      <p className="why warn" role="alert">
        {found.problem.code}: {found.problem.message}. {found.problem.remedy}
      </p>
    );
  if (!found.data) return <p className="muted small">Asking the strategy again…</p>;
  const { data } = found;
  return (
    <>
      <ul className="checks">
        {CHECKS.map(([key, name]) => (
          <Check key={key} name={name} compared={data[key]} />
        ))}
      </ul>
      <dl className="features">
        {Object.entries(data.features).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value === null ? 'missing' : value.toPrecision(6)}</dd>
          </div>
        ))}
      </dl>
      <p className="muted small">
        {data.plugin_version === null ? 'From outside' : `Version ${data.plugin_version}`}
        {data.model_sha256 !== null && ` · model ${data.model_sha256.slice(0, 12)}`}
        {data.calendar_version !== null && ` · calendar ${data.calendar_version}`} ·{' '}
        <a href={`/api/signals/${signalId}/explain`}>all of it</a>
      </p>
    </>
  );
}

function Check({ name, compared }: { name: string; compared: Compared }) {
  const { equal, differences, note } = compared;
  const word = equal === null ? 'cannot be compared' : equal ? 'equal' : 'differs';
  return (
    <li className={equal === false ? 'warn' : undefined}>
      {name}: <strong>{word}</strong>
      {differences.length > 0 && ` (${differences.map((each) => each.name).join(', ')})`}
      {note !== null && <span className="muted"> · {note}</span>}
    </li>
  );
}
