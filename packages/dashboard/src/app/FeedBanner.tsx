import { useDeskState } from './desk.js';

/** Says which series lack a feed or are stale, and which features and strategies suffer from it; as long as they do. */
export function FeedBanner() {
  const feeds = useDeskState((state) => state.feeds.data);
  const wanting = (feeds ?? []).filter((feed) => feed.state !== 'ok');
  if (wanting.length === 0) return null;
  const strategies = [...new Set(wanting.flatMap((feed) => feed.strategies))].sort();
  const series = wanting.map((feed) => feed.series).join(', ');
  return (
    <aside className="banner feed-banner" aria-label="Feeds">
      <details>
        <summary>
          <strong>{wanting.length === 1 ? 'A series is wanting:' : `${wanting.length} series are wanting:`}</strong>{' '}
          {series}. It affects {strategies.join(', ')}.
        </summary>
        <ul>
          {wanting.map((feed) => (
            <li key={feed.series}>
              {feed.message} {feed.remedy}
            </li>
          ))}
        </ul>
      </details>
    </aside>
  );
}
