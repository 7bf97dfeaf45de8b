import { useEffect, useSyncExternalStore } from 'react';
import type { Theme } from '../charts/palette.js';
import type { Preferences } from './preferences.js';

const query = matchMedia('(prefers-color-scheme: dark)');

const subscribe = (changed: () => void): (() => void) => {
  query.addEventListener('change', changed);
  return () => query.removeEventListener('change', changed);
};

/** The theme in force; the stylesheet reads it from the root element. */
export function useTheme(chosen: Preferences['theme']): Theme {
  const dark = useSyncExternalStore(subscribe, () => query.matches);
  const theme: Theme = chosen === 'system' ? (dark ? 'dark' : 'light') : chosen;
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
  }, [theme]);
  return theme;
}
