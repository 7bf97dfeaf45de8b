import { useDeskState } from './desk.js';

/** The page's only live region: at most a sentence per bar, never an interruption. */
export function LiveRegion() {
  const announcement = useDeskState((state) => state.announcement);
  return (
    <div className="visually-hidden" role="status" aria-live="polite">
      {announcement}
    </div>
  );
}
