import { useViewer } from './session.js';

/** Who is logged in, and the way out; nothing where nobody has to log in. */
export function Account() {
  const { session, logout } = useViewer();
  if (session.caller === null) return null;
  const { name, role } = session.caller;
  return (
    <p className="account">
      <span className="muted" title={`${name}, ${role}`}>
        {name} · {role}
      </span>{' '}
      <button type="button" onClick={logout}>
        Log out
      </button>
    </p>
  );
}
