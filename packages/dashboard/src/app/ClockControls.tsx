import { useEffect, useState } from 'react';
import type { Problem } from '../data/resource.js';
import type { ClockAction } from '../data/types.js';
import { useDesk, useDeskState } from './desk.js';

const SPEEDS = [1, 10, 60, 300, 1200];

/** Pause, step, speed and restart of the replay clock. */
export function ClockControls() {
  const { feed } = useDesk();
  const speed = useDeskState((state) => state.clock.data?.speed ?? 0);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [sure, setSure] = useState(false);
  const [last, setLast] = useState(60);
  const paused = speed === 0;

  useEffect(() => {
    if (speed > 0) setLast(speed);
  }, [speed]);
  useEffect(() => {
    if (!sure) return;
    const timer = setTimeout(() => setSure(false), 4000);
    return () => clearTimeout(timer);
  }, [sure]);

  const command = (action: ClockAction, value?: number): void => {
    void feed.command(action, value).then(setProblem);
  };
  const speeds = SPEEDS.includes(last) ? SPEEDS : [...SPEEDS, last].sort((a, b) => a - b);

  return (
    <div className="controls" role="group" aria-label="Clock of the demo world">
      <button
        type="button"
        onClick={() => command(paused ? 'resume' : 'pause')}
        {...named(paused ? 'Resume the clock' : 'Pause the clock')}
      >
        <Icon path={paused ? 'M3 1.5L10.5 6L3 10.5Z' : 'M2.5 1.5H5V10.5H2.5ZM7 1.5H9.5V10.5H7Z'} />
      </button>
      <button type="button" onClick={() => command('step')} {...named('Step one bar, then stand still')}>
        <Icon path="M1.5 1.5L8 6L1.5 10.5ZM8.5 1.5H10.5V10.5H8.5Z" />
      </button>
      <label>
        <span className="visually-hidden">Market seconds per second</span>
        <select value={last} onChange={(event) => command('speed', Number(event.target.value))}>
          {speeds.map((each) => (
            <option key={each} value={each}>
              {each}×
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        className={sure ? 'danger' : undefined}
        onClick={() => {
          if (sure) command('restart');
          setSure(!sure);
        }}
      >
        {sure ? 'Begin a new world?' : 'Restart'}
      </button>
      {problem && (
        <span className="control-problem" role="alert" title={problem.remedy}>
          <code>{problem.code}</code> {problem.message}
        </span>
      )}
    </div>
  );
}

const named = (label: string) => ({ title: label, 'aria-label': label });

function Icon({ path }: { path: string }) {
  return (
    <svg width="11" height="11" viewBox="0 0 12 12" aria-hidden className="icon">
      <path d={path} />
    </svg>
  );
}
