import { useRef, useState, type FormEvent } from 'react';
import { createClient, type SessionState } from '@signalbox/client';
import { useTheme } from '../app/use-theme.js';
import { loadPreferences } from '../app/preferences.js';
import { problemOf } from '../data/problem.js';
import type { Problem } from '../data/resource.js';

const client = createClient({ timeout: 20_000 });

/** The way in, where the host wants to know who looks. */
export function Login({ ended, onLogin }: { ended: boolean; onLogin: (session: SessionState) => void }) {
  useTheme(loadPreferences().theme);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const password = useRef<HTMLInputElement>(null);

  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const typed = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(null);
    client
      .login({ email: String(typed.get('email')), password: String(typed.get('password')) })
      .then(onLogin, (error: unknown) => {
        setProblem(problemOf(error));
        setBusy(false);
        if (password.current) password.current.value = '';
        password.current?.focus();
      });
  };

  return (
    <main className="gate">
      <form className="login" method="post" onSubmit={submit}>
        <h1>
          <img src="/favicon.svg" alt="" width="24" height="24" />
          Signalbox
        </h1>
        {ended && <p role="status">Your login has ended.</p>}
        <label>
          E-mail
          <input
            name="email"
            type="text"
            inputMode="email"
            autoComplete="username"
            maxLength={200}
            required
            autoFocus
          />
        </label>
        <label>
          Password
          <input
            ref={password}
            name="password"
            type="password"
            autoComplete="current-password"
            maxLength={256}
            required
          />
        </label>
        <button type="submit" className="primary" disabled={busy}>
          {busy ? 'Logging in…' : 'Log in'}
        </button>
        {problem && (
          <p role="alert" className="control-problem">
            {problem.message} <code>{problem.code}</code>
          </p>
        )}
        <p className="muted small">An admin of this host makes users: signalbox users add.</p>
      </form>
    </main>
  );
}
