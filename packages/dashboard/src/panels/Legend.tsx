import { useDesk } from '../app/desk.js';
import { Glyph } from './Glyph.js';

/** A switch per strategy: what is off is drawn on no chart. */
export function Legend({ codes }: { codes: readonly string[] }) {
  const { looks, preferences, prefer } = useDesk();
  const hidden = new Set(preferences.hidden);
  const toggle = (code: string): void =>
    prefer({
      hidden: hidden.has(code) ? preferences.hidden.filter((each) => each !== code) : [...preferences.hidden, code],
    });
  return (
    <div className="legend" role="group" aria-label="Strategies on the charts">
      {codes.map((code) => (
        <button key={code} type="button" aria-pressed={!hidden.has(code)} onClick={() => toggle(code)}>
          <Glyph look={looks.get(code)} size={11} />
          {code}
        </button>
      ))}
    </div>
  );
}
