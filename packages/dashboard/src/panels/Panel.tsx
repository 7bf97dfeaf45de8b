import type { ReactNode } from 'react';
import type { Resource } from '../data/resource.js';
import { duration } from '../format/time.js';
import { useNow } from '../app/use-now.js';

interface Properties<T> {
  readonly id: string;
  readonly title: string;
  readonly resource: Resource<T>;
  /** The API call behind the panel. */
  readonly href: string;
  readonly tools?: ReactNode;
  readonly retry: () => void;
  /** What to say when there are data and nothing in them; null when there is something. */
  readonly empty: (data: T) => { readonly title: string; readonly hint: string } | null;
  readonly children: (data: T) => ReactNode;
}

/** Frame of a panel, and the states it can be in: loading, failed, empty, ready, and ready with an answer that is no longer new. */
export function Panel<T>({ id, title, resource, href, tools, retry, empty, children }: Properties<T>) {
  const { data, problem } = resource;
  const nothing = data === null ? null : empty(data);
  const state = data === null ? (problem ? 'error' : 'loading') : nothing ? 'empty' : problem ? 'outdated' : 'ready';
  return (
    <section
      className={`panel panel-${id}`}
      aria-labelledby={`${id}-title`}
      data-state={state}
      aria-busy={state === 'loading'}
    >
      <header className="panel-head">
        <h2 id={`${id}-title`}>
          <a href={href} title={`Data: ${href}`}>
            {title}
          </a>
        </h2>
        {tools}
      </header>
      <div className="panel-body">
        {state === 'loading' && <Loading />}
        {state === 'error' && problem && (
          <div className="state" role="alert">
            <p className="state-title">
              <code>{problem.code}</code> {problem.message}
            </p>
            <p>{problem.remedy}</p>
            <button type="button" onClick={retry}>
              Try again
            </button>
          </div>
        )}
        {nothing && (
          <div className="state">
            <p className="state-title">{nothing.title}</p>
            <p>{nothing.hint}</p>
          </div>
        )}
        {state === 'outdated' && <Outdated resource={resource} retry={retry} />}
        {data !== null && !nothing && children(data)}
      </div>
    </section>
  );
}

function Loading() {
  return (
    <div className="skeleton">
      <span className="visually-hidden">Loading</span>
      <i />
      <i />
      <i />
    </div>
  );
}

function Outdated({ resource, retry }: { resource: Resource<unknown>; retry: () => void }) {
  const now = useNow(1000);
  return (
    <p className="outdated">
      <span>
        As of {duration(now - (resource.at ?? now))} ago · <code>{resource.problem?.code}</code>{' '}
        {resource.problem?.message}
      </span>
      <button type="button" onClick={retry}>
        Try again
      </button>
    </p>
  );
}
