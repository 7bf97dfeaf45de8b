import { START_DEADLINE_MS } from './session.js';
import { isFault, PluginProcess, type ProcessOptions } from './process.js';

/** A package that runs in processes of its own. The one that told its description is kept, warm, for the first who opens it. */
export class PackageApart {
  private warm: PluginProcess | null = null;

  constructor(private readonly options: ProcessOptions) {}

  /** Imports the package in a process of its own. @throws Error with the reason when it does not load */
  async describe(milliseconds = START_DEADLINE_MS): Promise<unknown> {
    const started = new PluginProcess(this.options);
    const loaded = await started.load(milliseconds);
    if ('description' in loaded) {
      this.warm = started;
      return loaded.description;
    }
    await started.kill();
    throw new Error(isFault(loaded) ? loaded.detail : loaded.message);
  }

  /** A process for one session: the warm one, or a new one. */
  start(): PluginProcess {
    const { warm } = this;
    this.warm = null;
    return warm?.alive ? warm : new PluginProcess(this.options);
  }

  /** Ends the process that nobody opened. */
  async release(): Promise<void> {
    const { warm } = this;
    this.warm = null;
    await warm?.kill();
  }
}
