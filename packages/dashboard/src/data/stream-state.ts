/** State of the live connection, as the top bar says it. */
export type StreamPhase = 'connecting' | 'live' | 'resumed' | 'offline';

export interface StreamState {
  readonly phase: StreamPhase;
  /** Highest sequence number seen: where a reconnect resumes. */
  readonly seq: number | null;
  /** Events that arrived after a reconnect and belong to the time before it. */
  readonly caughtUp: number;
  /** True when the host no longer kept everything since `seq`: the page reloads its data instead. */
  readonly gap: boolean;
  readonly since: number;
}

export type StreamSignal =
  | { readonly kind: 'connected'; readonly seen: number | null; readonly stands: number | null; readonly at: number }
  | { readonly kind: 'event'; readonly seq: number | null; readonly at: number }
  | { readonly kind: 'gap'; readonly at: number }
  | { readonly kind: 'settled'; readonly at: number }
  | { readonly kind: 'lost'; readonly at: number };

export const startStream = (at: number): StreamState => ({
  phase: 'connecting',
  seq: null,
  caughtUp: 0,
  gap: false,
  since: at,
});

/** One step of the connection's life. What lies between our last event and the host's newest is what a reconnect catches up. */
export function streamStep(state: StreamState, signal: StreamSignal): StreamState {
  switch (signal.kind) {
    case 'connected': {
      const first = state.phase === 'connecting';
      const { seen, stands } = signal;
      return {
        ...state,
        phase: first ? 'live' : 'resumed',
        // events may have come while we asked where the host stands
        seq: Math.max(state.seq ?? -1, seen ?? -1) < 0 ? null : Math.max(state.seq ?? -1, seen ?? -1),
        caughtUp: first || seen === null || stands === null ? 0 : Math.max(0, stands - seen),
        since: signal.at,
      };
    }
    case 'event':
      return signal.seq !== null && (state.seq === null || signal.seq > state.seq)
        ? { ...state, seq: signal.seq }
        : state;
    case 'gap':
      return { ...state, gap: true, seq: null, caughtUp: 0, phase: 'resumed', since: signal.at };
    case 'settled':
      return state.phase === 'resumed' ? { ...state, phase: 'live', gap: false, since: signal.at } : state;
    case 'lost':
      return state.phase === 'offline' ? state : { ...state, phase: 'offline', since: signal.at };
  }
}
