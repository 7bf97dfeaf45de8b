import { useCallback, useEffect, useState } from 'react';
import { createClient, type SessionState } from '@signalbox/client';
import { App } from '../app/App.js';
import { loadPreferences } from '../app/preferences.js';
import { useTheme } from '../app/use-theme.js';
import { Feed } from '../data/feed.js';
import { hostSource } from '../data/host.js';
import { problemOf } from '../data/problem.js';
import type { Problem } from '../data/resource.js';
import { emptyState, Store } from '../data/store.js';
import { Login } from './Login.js';
import { ViewerContext } from './session.js';

const AGAIN_MS = 2000;
const client = createClient();

type Standing =
  | { readonly kind: 'asking'; readonly problem: Problem | null }
  | { readonly kind: 'out'; readonly ended: boolean }
  | { readonly kind: 'in'; readonly session: SessionState; readonly store: Store; readonly feed: Feed };

/** Asks the host whether it wants to know who looks; shows the desk, or the login before it. */
export function Gate() {
  const [standing, setStanding] = useState<Standing>({ kind: 'asking', problem: null });

  const enter = useCallback((session: SessionState) => {
    const store = new Store(emptyState(Date.now()));
    const source = hostSource(location.origin, {
      ticket: session.authentication === 'required',
      // once: whatever else is on its way is refused as well
      onRefused: () => setStanding((now) => (now.kind === 'in' ? { kind: 'out', ended: true } : now)),
    });
    setStanding({ kind: 'in', session, store, feed: new Feed(source, store) });
  }, []);

  useEffect(() => {
    if (standing.kind !== 'asking') return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let here = true;
    const ask = (): void => {
      client.session().then(
        (session) => {
          if (!here) return;
          if (session.authentication === 'required' && session.caller === null)
            setStanding({ kind: 'out', ended: false });
          else enter(session);
        },
        (error: unknown) => {
          if (!here) return;
          setStanding({ kind: 'asking', problem: problemOf(error) });
          timer = setTimeout(ask, AGAIN_MS);
        },
      );
    };
    ask();
    return () => {
      here = false;
      clearTimeout(timer);
    };
  }, [standing.kind, enter]);

  const feed = standing.kind === 'in' ? standing.feed : null;
  useEffect(() => {
    feed?.start();
    return () => feed?.stop();
  }, [feed]);

  const logout = useCallback(() => {
    const out = (): void => setStanding({ kind: 'out', ended: false });
    // where the host does not answer the login stands, and the page says so when it is asked again
    client.logout().then(out, () => setStanding({ kind: 'asking', problem: null }));
  }, []);

  if (standing.kind === 'in')
    return (
      <ViewerContext value={{ session: standing.session, logout }}>
        <App store={standing.store} feed={standing.feed} />
      </ViewerContext>
    );
  if (standing.kind === 'out') return <Login ended={standing.ended} onLogin={enter} />;
  return <Waiting problem={standing.problem} />;
}

function Waiting({ problem }: { problem: Problem | null }) {
  useTheme(loadPreferences().theme);
  return (
    <main className="gate" aria-busy={problem === null}>
      {problem && (
        <p role="alert">
          <code>{problem.code}</code> {problem.message}. {problem.remedy}
        </p>
      )}
    </main>
  );
}
