// Keeps one host running: whenever it has ended, the next one is started at once, as a service manager would.
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';

/** Starts in a row that never became ready, after which the run gives up. */
const MOST_FAILURES = 5;

/**
 * Emits `services` (addresses by name), `ready`, `exit` ({signal, code}) and `failed` (an Error).
 * `armed()` names the crash point of the next start, or null.
 */
export class Supervisor extends EventEmitter {
  #child;
  #stopped = false;
  #failures = 0;
  #stderr = '';
  said = [];
  starts = 0;
  deaths = 0;
  startedAt = 0;

  constructor(project, { env = {}, armed = () => null } = {}) {
    super();
    this.project = project;
    this.env = env;
    this.armed = armed;
  }

  get pid() {
    return this.#child?.pid;
  }

  start() {
    if (this.#stopped) return;
    const point = this.armed();
    this.starts++;
    this.startedAt = performance.now();
    const child = spawn(process.execPath, ['--expose-gc', this.project.host, this.project.clock], {
      cwd: this.project.folder,
      env: {
        ...process.env,
        DATABASE_URL: '',
        ANTHROPIC_API_KEY: '',
        SIGNALBOX_SERVICES: 'models',
        SIGNALBOX_PORT_MODELS: '0',
        ...this.env,
        ...(point
          ? { SIGNALBOX_TORTURE: '1', SIGNALBOX_CRASH_AT: point }
          : { SIGNALBOX_TORTURE: '', SIGNALBOX_CRASH_AT: '' }),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    let ready = false;
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += String(chunk);
      const lines = text.split('\n');
      text = lines.pop();
      for (const line of lines) {
        const told = JSON.parse(line);
        if (told.services) this.emit('services', told.services);
        if (told.ready) {
          ready = true;
          this.emit('ready');
        }
        if (told.say) this.said.push(told.say);
        if (told.memory) this.emit('memory', told.memory);
      }
    });
    child.stderr.on('data', (chunk) => (this.#stderr = (this.#stderr + String(chunk)).slice(-4_000)));
    child.once('exit', (code, signal) => {
      this.#child = undefined;
      this.deaths++;
      // one that ends by itself is a fault of the host: a killed one is not
      this.#failures = signal === 'SIGKILL' ? 0 : this.#failures + 1;
      this.emit('exit', { code, signal, ready });
      if (this.#stopped) return;
      if (this.#failures >= MOST_FAILURES)
        this.emit('failed', new Error(`the host ended ${this.#failures} times by itself: ${this.#stderr}`));
      else setTimeout(() => this.start(), signal === 'SIGKILL' ? 0 : 200);
    });
  }

  /** Bytes that the host holds after a collection: {rss, heapUsed, external, arrayBuffers}. */
  async memory() {
    const told = once(this, 'memory');
    this.#child.kill('SIGUSR2');
    return (await told)[0];
  }

  kill() {
    this.#child?.kill('SIGKILL');
  }

  async stop() {
    this.#stopped = true;
    const child = this.#child;
    if (!child) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const impatient = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await gone;
    clearTimeout(impatient);
  }
}
