import { connect, createClient } from '@signalbox/client';
import type { CurveWindow, Source } from './source.js';

const SYMBOL = 'USDCOP';

const WINDOWS: Readonly<Record<CurveWindow, { hours: number; resolution: '5m' | '1h' | '1d' }>> = {
  '24h': { hours: 24, resolution: '5m' },
  '7d': { hours: 168, resolution: '1h' },
  '30d': { hours: 720, resolution: '1h' },
};

export interface HostAccess {
  /** Whether the host wants to know who listens: a WebSocket then takes a ticket. */
  readonly ticket: boolean;
  /** Told when the host no longer knows who asks. */
  readonly onRefused: () => void;
}

/** The host that served this page. */
export function hostSource(origin: string, { ticket, onRefused }: HostAccess): Source {
  const client = createClient({
    async fetch(...request) {
      const answer = await fetch(...request);
      if (answer.status === 401) onRefused();
      return answer;
    },
  });
  // runs all bars up to the signal's, and one such question waits for the other
  const slow = createClient({ timeout: 60_000 });
  return {
    clock: () => client.clock(),
    command: (action, speed) => client.commandClock(speed === undefined ? { action } : { action, speed }),
    models: async () => (await client.models()).models,
    latest: () => client.latestSignals(),
    signals: async (code, limit) => [...(await client.signals(code, { limit })).signals].reverse(),
    candles: async (limit) =>
      (await client.candlesticks(SYMBOL, { timeframe: '5m', limit, include_indicators: false })).data,
    feeds: async () => (await client.feeds()).feeds,
    positions: () => client.currentPositions(),
    risk: async () => (await client.risk()).strategies,
    resetRisk: async (code, reason) => void (await client.resetRisk(code, reason)),
    alerts: async () => (await client.alerts({ limit: 50 })).alerts,
    comparison: () => client.performanceComparison({ period: '30d' }),
    explain: (signalId) => slow.explain(signalId),
    curves: (window) => client.equityCurves(WINDOWS[window]),
    listen(listener) {
      const connection = connect({
        url: `${origin}/ws/trading-signals`,
        ...(ticket ? { ticket: async () => (await client.webSocketTicket()).ticket } : {}),
        onEvent: (event) => listener.event(event),
        onGap: () => listener.gap(),
        onState(state) {
          if (state === 'offline') listener.lost();
          if (state !== 'live') return;
          const seen = connection.seq;
          if (seen === undefined) return listener.connected(null, null);
          // how far the host is ahead of us is what this reconnect will catch up
          client.events({ since: seen, limit: 1 }).then(
            ({ last_seq }) => listener.connected(seen, last_seq),
            () => listener.connected(seen, null),
          );
        },
      });
      return () => connection.close();
    },
  };
}
