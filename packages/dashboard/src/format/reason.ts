/** Words for the codes that the engine records. An unknown code is shown as it is: plugins and later versions may bring their own. */
const NOT_TRADED: Readonly<Record<string, string>> = {
  last_bar: 'last bar of the session',
  next_session: 'its fill would lie in another session',
  beyond_stop: 'opened beyond its stop',
  beyond_target: 'opened beyond its target',
  cost_exceeds_target: 'costs exceed the target',
  no_size: 'size rounds to zero',
  drawdown: 'drawdown limit reached',
  session_loss: 'session loss limit reached',
  max_trades: 'entry limit of the session reached',
  pause: 'paused after losses in a row',
  suspect_price: 'the price looks wrong',
  too_old: 'older than one bar',
  wrong_side: 'its side contradicts it',
  stop_wrong_side: 'its stop is on the wrong side',
  target_wrong_side: 'its target is on the wrong side',
  impossible_time: 'no bar opens at its time',
  has_package: 'not its package’s own',
};

const HALTS: Readonly<Record<string, string>> = {
  drawdown: 'Drawdown limit reached: until somebody resets it',
  session_loss: 'Session loss limit reached: to the end of the session',
  max_trades: 'Entry limit of the session reached: to the end of the session',
  pause: 'Paused after losses in a row',
};

const NO_SIGNAL: Readonly<Record<string, string>> = {
  warming_up: 'warming up',
  missing_feature: 'a feature is missing',
  stale: 'prices are stale',
  quorum: 'too few members answered',
  unavailable: 'unavailable',
  budget: 'budget spent',
  timeout: 'missed its deadline',
};

const STATES: Readonly<Record<string, string>> = {
  not_installed: 'not installed',
  unavailable: 'unavailable',
  suspended: 'suspended',
  faulted: 'faulted',
  degraded: 'degraded',
  refused: 'refused',
};

const plain = (code: string): string => code.replaceAll('_', ' ');

export const notTraded = (code: string): string => NOT_TRADED[code] ?? plain(code);
export const halt = (code: string): string => HALTS[code] ?? plain(code);
export const noSignal = (code: string): string => NO_SIGNAL[code] ?? plain(code);
export const stateWord = (state: string): string => STATES[state.toLowerCase()] ?? plain(state.toLowerCase());
