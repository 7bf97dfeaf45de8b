import { createContext, useContext } from 'react';
import type { SessionState } from '@signalbox/client';

export type Role = SessionState['role'];
const ORDER: readonly Role[] = ['public', 'viewer', 'trader', 'admin'];

/** Whether a role may do what takes another one: each may do what those before it may. */
export const mayDo = (has: Role, needs: Role): boolean => ORDER.indexOf(has) >= ORDER.indexOf(needs);

/** Who looks at the page. */
export interface Viewer {
  readonly session: SessionState;
  logout(): void;
}

export const ViewerContext = createContext<Viewer | null>(null);

export function useViewer(): Viewer {
  const viewer = useContext(ViewerContext);
  if (!viewer) throw new Error('nobody is let in yet');
  return viewer;
}

/** Whether the viewer may do what takes this role. A button that he may not use is not there; the host checks all the same. */
export const useMay = (needs: Role): boolean => mayDo(useViewer().session.role, needs);
