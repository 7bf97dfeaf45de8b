import type { AnyView, Instrument, Maybe, NoOpinionCode, Opinion, Turn } from '@signalbox/core';
import { opinionOf, type Answer } from './answer.js';
import type { Api, Usage } from './api.js';
import type { Budget } from './budget.js';
import type { Settings } from './config.js';
import { dayOf } from './day.js';
import { beforeCutoff, hindsight } from './hindsight.js';
import { promptOf, type Prompt } from './prompt.js';
import type { RecordedAnswer, Recording } from './recording.js';

export interface DecisionParts {
  readonly settings: Settings;
  readonly instrument: Instrument;
  readonly budget: Budget;
  /** null: only the recording answers. */
  readonly api: Api | null;
  readonly recording: Recording | null;
}

const CACHED = 512;
const FAILURES_UNTIL_PAUSE = 3;
const PAUSED_BARS = 6;

/** Where the opinion about one bar comes from: recording, cache or API. Synchronous when nothing has to be asked. */
export class Decisions {
  private readonly cache = new Map<string, Opinion>();
  private failures = 0;
  private paused = 0;
  private pending = false;
  constructor(private readonly parts: DecisionParts) {}

  decide(view: AnyView, turn: Turn): Maybe<Opinion> {
    const { settings, instrument, api, recording } = this.parts;
    const { time } = view.bar;
    const prompt = promptOf(view, instrument, settings.notes);
    // all the time there is, only a backtest has: what a model says today of a bar of the past does not count there
    const backtest = settings.mode === 'live' && turn.deadline >= Number.MAX_SAFE_INTEGER;
    if (!api || (backtest && recording)) return this.fromRecording(prompt, time);
    if (backtest)
      return none('unavailable', 'a turn without a deadline is a backtest: only recorded answers count there');
    if (settings.mode === 'record') {
      const known = beforeCutoff(time, settings);
      if (known !== null) return none('unavailable', `not recorded: ${known}`);
      const found = this.find(prompt, time);
      if (typeof found !== 'string') return this.recorded(found, time);
    } else {
      const before = this.cache.get(prompt.sha256);
      if (before) return before;
    }
    if (this.pending) return none('unavailable', 'an earlier question is still open; one at a time');
    if (this.paused > 0) {
      this.paused -= 1;
      const why = `not asked after ${FAILURES_UNTIL_PAUSE} failures in a row`;
      return none(
        'unavailable',
        `${why}; asks again ${this.paused === 0 ? 'at the next bar' : `after ${this.paused} more bars`}`,
      );
    }
    return this.ask(api, prompt, time, turn);
  }

  close(): void {
    this.cache.clear();
  }

  private async ask(api: Api, prompt: Prompt, time: number, turn: Turn): Promise<Opinion> {
    const { settings, budget } = this.parts;
    this.pending = true;
    try {
      budget.open(dayOf(time), dayOf(Date.now()));
      const reply = await api.ask(prompt, turn);
      if ('reason' in reply) {
        if (reply.code !== 'budget') this.failures += 1;
        if (this.failures >= FAILURES_UNTIL_PAUSE) {
          this.failures = 0;
          this.paused = PAUSED_BARS;
        }
        return none(reply.code, reply.reason);
      }
      this.failures = 0;
      if (settings.mode === 'record') return this.record(prompt, time, reply.answer, reply.usage);
      const opinion = opinionOf(reply.answer, this.facts(reply.usage));
      this.remember(prompt, opinion);
      return opinion;
    } finally {
      this.pending = false;
    }
  }

  private fromRecording(prompt: Prompt, time: number): Opinion {
    const known = beforeCutoff(time, this.parts.settings);
    if (known !== null) return none('unavailable', `no recording for this bar counts: ${known}`);
    const found = this.find(prompt, time);
    return typeof found === 'string' ? none('unavailable', found) : this.recorded(found, time);
  }

  private find({ sha256 }: Prompt, time: number): RecordedAnswer | string {
    const { settings, instrument, recording } = this.parts;
    return recording!.find({ time, symbol: instrument.symbol, sha256, model: settings.model });
  }

  private record({ sha256 }: Prompt, time: number, opinion: Answer, usage: Usage): Opinion {
    const { settings, instrument, recording } = this.parts;
    const line: RecordedAnswer = {
      bar_time: new Date(time).toISOString(),
      symbol: instrument.symbol,
      prompt_sha256: sha256,
      model: settings.model,
      recorded_at: new Date(Date.now()).toISOString(),
      opinion,
      usage,
    };
    try {
      recording!.append(line);
    } catch (error) {
      return none(
        'unavailable',
        `the answer could not be recorded: ${(error as { code?: string }).code ?? String(error)}`,
      );
    }
    return this.recorded(line, time);
  }

  private recorded({ recorded_at, opinion, usage }: RecordedAnswer, time: number): Opinion {
    const late = hindsight(time, Date.parse(recorded_at), this.parts.settings.bar_minutes);
    return opinionOf(opinion, `recorded, ${this.facts(usage)}${late === null ? '' : `; hindsight: ${late}`}`);
  }

  private facts({ input_tokens, output_tokens }: Usage): string {
    const { usd } = this.parts.budget.costOf(input_tokens, output_tokens);
    return `${this.parts.settings.model}, ${input_tokens} + ${output_tokens} tokens, $${usd.toFixed(6)}`;
  }

  private remember({ sha256 }: Prompt, opinion: Opinion): void {
    if (!this.parts.settings.cache) return;
    if (this.cache.size >= CACHED) this.cache.delete(this.cache.keys().next().value!);
    this.cache.set(sha256, opinion);
  }
}

function none(code: Extract<NoOpinionCode, 'unavailable' | 'timeout' | 'budget'>, reasoning: string): Opinion {
  return { signal: 'none', code, reasoning };
}
