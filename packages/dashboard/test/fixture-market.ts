import type {
  Alert,
  CurrentPositions,
  EquityCurves,
  LatestSignals,
  Models,
  OpenPosition,
  PerformanceComparison,
  StrategyRisk,
  StrategySignals,
} from '@signalbox/client';

/** TEST ONLY. A small made-up market, so that the page can be tested without a host. Nothing of it reaches a build. */

const BAR = 300_000;
const BARS_PER_SESSION = 60;
/** Sessions of five hours from 13:00 UTC, 08:00 in Bogota. */
const OPENS = [Date.UTC(2025, 5, 11, 13), Date.UTC(2025, 5, 12, 13), Date.UTC(2025, 5, 13, 13)] as const;

export const XSS = '<img src=x onerror="window.__pwned=1"><script>window.__pwned=2</script>';

type Signal = StrategySignals['signals'][number];
interface Bar {
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

function mulberry(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
const round = (x: number, digits: number): number => Number(x.toFixed(digits));

const SERVING = ['BREAKOUT', 'ENSEMBLE', 'ML_XGB'] as const;
const NAMES: Record<string, string> = {
  BREAKOUT: 'Range breakout (third party)',
  ENSEMBLE: 'Weighted ensemble',
  ML_XGB: 'XGBoost classifier',
  LLM_CLAUDE: 'Claude',
  RL_PPO: 'PPO policy',
};

export class FixtureMarket {
  readonly #random = mulberry(7);
  readonly bars: Bar[] = [];
  readonly signals = new Map<string, Signal[]>(SERVING.map((code) => [code, []]));
  readonly equity = new Map<string, { timestamp: string; equity_value: number }[]>(SERVING.map((code) => [code, []]));
  readonly open = new Map<string, OpenPosition>();
  speed = 60;
  /** Newest first. */
  readonly alerts: Alert[] = [];
  /** What differs from a strategy that stands well. */
  readonly risks = new Map<string, Partial<StrategyRisk>>();
  readonly states = new Map<string, Partial<Models['models'][number]>>();
  #session = 0;
  #slot = 0;
  #id = 0;
  #drift = 0;

  constructor(barsInLastSession = 37) {
    for (let i = 0; i < 2 * BARS_PER_SESSION + barsInLastSession; i++) this.next();
  }

  get now(): number {
    return (this.bars.at(-1)?.time ?? OPENS[0]) + BAR + 20_000;
  }

  /** Adds a bar, what the strategies say of it, and the fills of what they said before. */
  next(): {
    bar: Bar;
    said: readonly (Signal & { strategy_code: string })[];
    moved: readonly { code: string; action: 'open' | 'close'; position: OpenPosition }[];
  } {
    const time = (OPENS[this.#session] ?? OPENS[2]) + this.#slot * BAR;
    const before = this.bars.at(-1)?.close ?? 4162;
    if (this.#slot % 14 === 0) this.#drift = (this.#random() - 0.5) * 2.6;
    const open = round(before + (this.#slot === 0 ? (this.#random() - 0.5) * 9 : (this.#random() - 0.5) * 0.4), 2);
    const close = round(open + this.#drift + (this.#random() - 0.5) * 6.4, 2);
    const high = round(Math.max(open, close) + this.#random() * 2.2, 2);
    const low = round(Math.min(open, close) - this.#random() * 2.2, 2);
    const bar = { time, open, high, low, close, volume: 0 };
    this.bars.push(bar);
    const moved = this.#settle(bar);
    const said = SERVING.map((code) => ({ ...this.#say(code, bar), strategy_code: code }));
    this.#slot++;
    if (this.#slot === BARS_PER_SESSION && this.#session < OPENS.length - 1) {
      this.#slot = 0;
      this.#session++;
    }
    return { bar, said, moved };
  }

  #settle(bar: Bar): { code: string; action: 'open' | 'close'; position: OpenPosition }[] {
    const moved: { code: string; action: 'open' | 'close'; position: OpenPosition }[] = [];
    for (const code of SERVING) {
      const last = this.signals.get(code)?.at(-1);
      const held = this.open.get(code);
      const wanted = last?.signal === 'long' || last?.signal === 'short' ? last.signal : null;
      const leaves =
        held && (last?.signal === 'close' || (wanted !== null && wanted !== held.side) || this.#slot === 0);
      if (held && leaves) {
        this.open.delete(code);
        moved.push({ code, action: 'close', position: held });
      }
      if (last && wanted && this.#slot > 0 && !this.open.has(code) && last.not_traded === null) {
        const position: OpenPosition = {
          position_id: ++this.#id,
          strategy_code: code,
          strategy_name: NAMES[code] ?? code,
          side: wanted,
          quantity: 2143.118204,
          entry_price: bar.open,
          current_price: bar.close,
          stop_loss: last.stop_loss,
          take_profit: last.take_profit,
          unrealized_pnl: 0,
          unrealized_pnl_pct: 0,
          entry_time: iso(bar.time),
          holding_time_minutes: 0,
          leverage: 1,
          symbol: 'USD/COP',
          origin: 'plugin',
          simulated: true,
        };
        this.open.set(code, position);
        moved.push({ code, action: 'open', position });
      }
      const now = this.open.get(code);
      if (now) {
        const direction = now.side === 'long' ? 1 : -1;
        const pnl = round((now.quantity * direction * (bar.close - now.entry_price)) / bar.close, 2);
        this.open.set(code, {
          ...now,
          current_price: bar.close,
          unrealized_pnl: pnl,
          unrealized_pnl_pct: round((pnl / now.quantity) * 100, 4),
          holding_time_minutes: (bar.time + BAR - Date.parse(now.entry_time)) / 60_000,
        });
      }
      const curve = this.equity.get(code);
      const value = (curve?.at(-1)?.equity_value ?? 10_000) + (this.#random() - 0.47) * 9;
      curve?.push({ timestamp: iso(bar.time + BAR), equity_value: round(value, 2) });
    }
    return moved;
  }

  #say(code: (typeof SERVING)[number], bar: Bar): Signal {
    const back = this.bars.at(code === 'BREAKOUT' ? -9 : -5)?.close ?? bar.close;
    const move = bar.close - back;
    const signal = Math.abs(move) < 2.5 ? 'flat' : move > 0 ? 'long' : 'short';
    const closing = signal === 'flat' && this.open.has(code) && this.#random() < 0.3;
    const direction = signal === 'long' ? 1 : -1;
    const directed = signal !== 'flat';
    const made: Signal = {
      signal: closing ? 'close' : signal,
      side: closing ? 'sell' : signal === 'long' ? 'buy' : signal === 'short' ? 'sell' : 'hold',
      confidence: closing ? null : round(Math.min(0.93, 0.42 + Math.abs(move) / 26), 4),
      size: directed ? 0.2143 : null,
      entry_price: bar.close,
      stop_loss: directed ? round(bar.close - direction * 18.4, 6) : null,
      take_profit: directed ? round(bar.close + direction * 27.6, 6) : null,
      risk_usd: directed ? 9.48 : null,
      reasoning:
        code === 'ENSEMBLE'
          ? 'score +0.3100, consensus 1.0000, weight 0.50 of 0.75; ML_XGB 0.25 × +0.42, BREAKOUT 0.25 × +0.20, ML_LGBM silent (missing_feature).'
          : code === 'BREAKOUT'
            ? `close ${bar.close} beyond the range of 12 bars ${XSS}`
            : 'p(short) 0.18, p(flat) 0.24, p(long) 0.58; 300 trees, model v1',
      timestamp: iso(bar.time + BAR),
      age_seconds: 0,
      signal_id: ++this.#id,
      symbol: 'USD/COP',
      bar_time: iso(bar.time),
      mode: 'live',
      not_traded: directed && code === 'BREAKOUT' && this.#random() < 0.4 ? 'cost_exceeds_target' : null,
      round_trip_cost_bps: 20,
      breakeven_hit_rate: 0.4812,
      origin: 'plugin',
      simulated: true,
    };
    this.signals.get(code)?.push(made);
    return made;
  }

  clock() {
    const open = OPENS[this.#session] ?? OPENS[2];
    return {
      mode: 'replay' as const,
      speed: this.speed,
      now: iso(this.now),
      world: 'simulated' as const,
      simulated: true,
      market_status: 'open' as const,
      next_open: iso(open + 86_400_000),
      next_close: iso(open + BARS_PER_SESSION * BAR),
    };
  }

  latest(): LatestSignals {
    return {
      timestamp: iso(this.now),
      market_price: this.bars.at(-1)?.close ?? null,
      market_status: 'open',
      signals: SERVING.flatMap((code) => {
        const last = this.signals.get(code)?.at(-1);
        return last
          ? [
              {
                ...last,
                strategy_code: code,
                strategy_name: NAMES[code] ?? code,
                strategy_type: code === 'ENSEMBLE' ? code : 'ML',
              },
            ]
          : [];
      }),
      symbol: 'USD/COP',
      run_id: 'live',
      simulated: true,
    };
  }

  models(): Models {
    const row = (strategy_code: string, state: Models['models'][number]['state'], reason: string | null) => ({
      strategy_code,
      strategy_name: NAMES[strategy_code] ?? strategy_code,
      strategy_type: 'ML',
      origin: 'plugin' as const,
      package: `signalbox-strategy-${strategy_code.toLowerCase()}`,
      version: '0.1.0',
      state,
      reason,
      champion: null,
      is_active: true,
      last_no_signal: null,
      ...this.states.get(strategy_code),
    });
    return {
      models: [
        row('BREAKOUT', 'RUNNING', null),
        row('ENSEMBLE', 'RUNNING', null),
        row('LLM_CLAUDE', 'unavailable', 'No ANTHROPIC_API_KEY: set it in the environment, or use a recording.'),
        {
          ...row('ML_LGBM', 'RUNNING', null),
          last_no_signal: {
            code: 'missing_feature',
            detail: 'embi_z is missing: the newest value is 9 days old, 7 are allowed',
            bar_time: iso(this.bars.at(-1)?.time ?? 0),
            timestamp: iso((this.bars.at(-1)?.time ?? 0) + BAR),
          },
        },
        row('ML_XGB', 'RUNNING', null),
        row(
          'RL_PPO',
          'not_installed',
          'Package @signalbox/strategy-rl-ppo is not installed: npm install @signalbox/strategy-rl-ppo',
        ),
      ],
    };
  }

  positions(): CurrentPositions {
    const positions = [...this.open.values()];
    return {
      timestamp: iso(this.now),
      total_positions: positions.length,
      total_notional: round(
        positions.reduce((sum, each) => sum + each.quantity, 0),
        2,
      ),
      total_pnl: round(
        positions.reduce((sum, each) => sum + (each.unrealized_pnl ?? 0), 0),
        2,
      ),
      positions,
      run_id: 'live',
      simulated: true,
    };
  }

  curves(): EquityCurves {
    return {
      start_date: iso(this.now - 30 * 86_400_000),
      end_date: iso(this.now),
      resolution: '1h',
      curves: SERVING.map((code) => {
        let peak = 10_000;
        const data = (this.equity.get(code) ?? []).map((point) => {
          peak = Math.max(peak, point.equity_value);
          return {
            ...point,
            return_pct: round(point.equity_value / 100 - 100, 4),
            drawdown_pct: round((1 - point.equity_value / peak) * 100, 4),
          };
        });
        const ending = data.at(-1)?.equity_value ?? 10_000;
        return {
          strategy_code: code,
          strategy_name: NAMES[code] ?? code,
          data,
          summary: { starting_equity: 10_000, ending_equity: ending, total_return_pct: round(ending / 100 - 100, 4) },
          origin: 'plugin',
        };
      }),
      run_id: 'live',
      simulated: true,
    };
  }

  risk(): StrategyRisk[] {
    return SERVING.map((code) => ({
      strategy_code: code,
      state: 'RUNNING',
      halted: (this.risks.get(code)?.reasons ?? []).length > 0,
      reasons: [],
      drawdown_pct: 1.2,
      session_loss_pct: 0.4,
      entries_this_session: 3,
      losses_in_a_row: 1,
      pause_until: null,
      limits: {
        max_drawdown_pct: 15,
        max_session_loss_pct: 5,
        max_entries_per_session: 20,
        losses_before_pause: 3,
        pause_minutes: 30,
      },
      equity: 9_900,
      peak: 10_020,
      origin: 'plugin',
      ...this.risks.get(code),
    }));
  }

  alert(code: string, strategy: string | null, severity: Alert['severity'], message: string): Alert {
    const alert = {
      alert_id: this.alerts.length + 1,
      severity,
      code,
      message,
      strategy_code: strategy,
      symbol: 'USD/COP',
      timestamp: iso(this.now),
      simulated: true,
    };
    this.alerts.unshift(alert);
    return alert;
  }

  explanation(id: number) {
    const equal = { equal: true, differences: [], note: null };
    return {
      signal_id: id,
      strategy_code: 'ML_XGB',
      symbol: 'USD/COP',
      bar_time: new Date(this.bars.at(-1)!.time).toISOString(),
      timestamp: new Date(this.bars.at(-1)!.time + 300_000).toISOString(),
      run_id: 'live',
      mode: 'live',
      origin: 'plugin',
      plugin_version: '1.2.3',
      feature_hashes: { rsi_9: 'a', embi_z: 'b' },
      model_sha256: 'c'.repeat(64),
      calendar_version: '2025.1',
      state_hash: null,
      data_watermark: null,
      features: { rsi_9: 0.4321, embi_z: null },
      stored_vector: equal,
      as_known_then: equal,
      as_known_today: { equal: false, differences: [{ name: 'embi_z', stored: null, found: 0.5 }], note: null },
      simulated: true,
    };
  }

  comparison(): PerformanceComparison {
    return {
      period: '30d',
      start_date: iso(this.now - 30 * 86_400_000),
      end_date: iso(this.now),
      strategies: SERVING.map((code, i) => ({
        strategy_code: code,
        strategy_name: NAMES[code] ?? code,
        strategy_type: 'ML',
        total_return_pct: [-0.84, 1.12, 2.41][i] ?? null,
        daily_return_pct: [-0.12, 0.08, 0.21][i] ?? null,
        sharpe_ratio: code === 'BREAKOUT' ? null : ([0, 1.32, 1.94][i] ?? null),
        sortino_ratio: code === 'BREAKOUT' ? null : ([0, 1.9, 2.71][i] ?? null),
        calmar_ratio: null,
        total_trades: [41, 63, 77][i] ?? 0,
        win_rate: [0.41, 0.52, 0.55][i] ?? null,
        profit_factor: [0.87, 1.21, 1.34][i] ?? null,
        max_drawdown_pct: [1.7, 0.92, 1.08][i] ?? null,
        current_drawdown_pct: [1.2, 0.1, 0][i] ?? null,
        volatility_pct: 3.1,
        avg_hold_time_minutes: 48,
        current_equity: this.equity.get(code)?.at(-1)?.equity_value ?? 10_000,
        open_positions: this.open.has(code) ? 1 : 0,
        n: code === 'BREAKOUT' ? 7 : 21,
        periods_per_year: 245,
        sharpe_standard_error: code === 'BREAKOUT' ? null : 3.42,
        origin: 'plugin',
      })),
      run_id: 'live',
      simulated: true,
    };
  }
}
