import { DEFAULT_RULES, type Clock } from '@signalbox/core';
import { openCycleRecorder, type CycleRecorder } from '../inference/cycle-recorder.js';
import { openDesk } from '../inference/desk.js';
import { runMarket } from '../inference/market-run.js';
import { lastComplete } from '../inference/schedule.js';
import { standForLeader, type Candidate, type Term } from '../stores/postgres/leader.js';
import { startPresence, type Presence } from '../stores/postgres/presence.js';
import { connectionOf } from '../stores/postgres/pool.js';
import { startFeeds } from './feeds.js';
import { ended, type HostWorld, type WorldContext } from './context.js';

/** Real bars, wall time. Any number of hosts serve it; one of them decides, the others stand by. */
export class MarketWorld implements HostWorld {
  readonly kind = 'market';
  readonly clock: Clock;
  private presence: Presence | undefined;
  private candidate: Candidate | undefined;

  constructor(private readonly context: WorldContext) {
    this.clock = { mode: 'wall', speed: 1, now: context.wallNow ?? Date.now };
  }

  spec() {
    return { kind: this.kind } as const;
  }

  async take(): Promise<void> {}

  async run(): Promise<void> {
    const { crew, store, observer, signal, plan, onError } = this.context;
    const connection = connectionOf(store.pool);
    // a stand-by has its strategies open too: it serves their state, and finds out before its turn what they lack
    await crew.open(store);
    for (const line of crew.silent()) observer.say(line);
    this.presence = startPresence({
      connection,
      onError,
      onCutOff: ({ hostname, pid }) =>
        observer.say(`The host ${pid} on ${hostname} does not answer; its connections to the database were ended.`),
    });
    const activation = lastComplete(plan.calendar, this.clock.now());
    this.candidate = standForLeader({
      connection,
      symbol: plan.instrument.symbol,
      lead: (term) => this.lead(term, activation),
      onError,
    });
    observer.ready();
    await ended(signal);
  }

  private async lead(term: Term, activation: number | undefined): Promise<void> {
    const { crew, store, plan, onError, events } = this.context;
    const { pool } = store;
    const { symbol } = plan.instrument;
    const feeds = startFeeds(this.context, this.clock, term.ended);
    const fence = { symbol: term.symbol, epoch: term.epoch };
    const recorder: CycleRecorder = openCycleRecorder({ pool, symbol, events, fence, onError });
    let begin = activation;
    let opened = '';
    let noticedAt = performance.now();
    try {
      await runMarket({
        pool,
        calendar: plan.calendar,
        clock: this.clock,
        feed: this.context.feed ?? feeds.bars,
        term,
        series: plan.series().names,
        others: plan.features.symbols,
        changed: async () => (await crew.rows(store)) !== opened,
        openDesk: async () => {
          opened = await crew.rows(store);
          const desk = await openDesk({
            pool,
            plan,
            rules: DEFAULT_RULES,
            ...(await crew.open(store)),
            fence,
            wallTime: true,
            ...(begin === undefined ? {} : { activation: begin }),
            onDecided: (barTime, mode, decided) => {
              if (mode === 'live') recorder.record({ barTime, noticed: noticedAt, decided });
            },
          });
          begin = desk.processed ?? begin;
          return desk;
        },
        onNotice: (_, noticed) => (noticedAt = noticed),
        onError,
        // a clock that is not the wall's cannot be waited for by its own measure
        ...(this.context.wallNow ? { tickMs: 50, pollMs: 100 } : {}),
      });
    } finally {
      await feeds.stop();
      await recorder.stop();
    }
  }

  async stop(): Promise<void> {
    await this.candidate?.stop();
    await this.presence?.stop();
  }

  async release(): Promise<void> {}
}
