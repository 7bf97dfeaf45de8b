import { useDesk } from './desk.js';

const NEXT = { system: 'light', light: 'dark', dark: 'system' } as const;
const PATHS = {
  light:
    'M8 4.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7M8 .8v2M8 13.2v2M.8 8h2M13.2 8h2M2.9 2.9l1.4 1.4M11.7 11.7l1.4 1.4M2.9 13.1l1.4-1.4M11.7 4.3l1.4-1.4',
  dark: 'M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3Z',
  system: 'M8 2a6 6 0 1 1 0 12a6 6 0 1 1 0-12M8 2v12M8 5h4.6M8 8h6M8 11h4.6',
} as const;

/** System, light, dark, round and round. */
export function ThemeToggle() {
  const { preferences, prefer } = useDesk();
  const label = `Theme: ${preferences.theme}. Switch to ${NEXT[preferences.theme]}`;
  return (
    <button
      type="button"
      className="theme"
      title={label}
      aria-label={label}
      onClick={() => prefer({ theme: NEXT[preferences.theme] })}
    >
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden>
        <path d={PATHS[preferences.theme]} />
      </svg>
    </button>
  );
}
