import { useDeskState } from './desk.js';

/** Said as long as the world is simulated; there is no way to close it. */
export function SimulatedBanner() {
  const simulated = useDeskState((state) => state.clock.data?.simulated ?? false);
  if (!simulated) return null;
  return (
    <aside className="banner" aria-label="Simulated world">
      <strong>Simulated world.</strong> Every price, signal and result here is generated, and the demo simulator has an
      edge planted in it for the models to find: good results on this page say nothing about a real market.
    </aside>
  );
}
