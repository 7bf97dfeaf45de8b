import { useState } from 'react';

const LONG = 150;

/** A plugin's own words. Always a text node: what looks like markup stays text. */
export function Reasoning({ text }: { text: string | null }) {
  const [open, setOpen] = useState(false);
  if (!text) return <p className="reasoning muted">No reasoning given.</p>;
  return (
    <div className="reasoning">
      <p className={open ? undefined : 'clamped'} dir="auto">
        {text}
      </p>
      {text.length > LONG && (
        <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'less' : 'more'}
        </button>
      )}
    </div>
  );
}
