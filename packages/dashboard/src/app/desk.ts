import { createContext, useContext } from 'react';
import type { Look, Theme } from '../charts/palette.js';
import type { Feed } from '../data/feed.js';
import { useStore, type State, type Store } from '../data/store.js';
import type { Preferences } from './preferences.js';

/** What every panel may need. */
export interface Desk {
  readonly store: Store;
  readonly feed: Feed;
  readonly theme: Theme;
  readonly looks: ReadonlyMap<string, Look>;
  readonly preferences: Preferences;
  prefer(change: Partial<Preferences>): void;
}

export const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error('a panel stands outside the desk');
  return desk;
}

export function useDeskState<T>(select: (state: State) => T): T {
  return useStore(useDesk().store, select);
}
