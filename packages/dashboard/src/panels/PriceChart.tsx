import { useEffect, useRef, useState } from 'react';
import { PriceView, type PriceContent } from '../charts/price-view.js';

interface Properties {
  readonly content: PriceContent;
  readonly label: string;
  readonly hover: (time: number | null) => void;
}

/** The canvas chart in the page: what it shows in words stands in its label, the numbers in cards and tables. */
export function PriceChart({ content, label, hover }: Properties) {
  const element = useRef<HTMLDivElement>(null);
  const view = useRef<PriceView | null>(null);
  const [following, setFollowing] = useState(true);

  useEffect(() => {
    if (!element.current) return;
    const made = new PriceView(element.current, hover, () => setFollowing(false));
    view.current = made;
    return () => {
      view.current = null;
      made.destroy();
    };
  }, [hover]);

  useEffect(() => view.current?.show(content), [content]);

  return (
    <div className="chart-frame">
      <div ref={element} className="chart" role="img" aria-label={label} data-bars={content.bars.length} />
      {!following && (
        <button
          type="button"
          className="latest"
          onClick={() => {
            setFollowing(true);
            view.current?.follow();
          }}
        >
          Latest bars
        </button>
      )}
    </div>
  );
}
