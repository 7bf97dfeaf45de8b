import type { Pool } from 'pg';
import { loadRecentFaults, loadSuspensions, storeFault, suspendStrategy } from '../stores/postgres/plugin-faults.js';
import { createFaultLedger, FAULT_WINDOW_MS, type Fault, type FaultLedger } from './faults.js';

const RETRY_MS = 1_000;

interface Kept {
  readonly code: string;
  readonly kind: string;
  readonly detail: string;
  readonly suspended: string | null;
}

/** The ledger of a host: it decides at once, in memory, and writes behind, until the database has taken it. */
export class StoredLedger implements FaultLedger {
  private ledger: FaultLedger = createFaultLedger({});
  private readonly unwritten: Kept[] = [];
  private writing: Promise<void> = Promise.resolve();
  private retry: NodeJS.Timeout | undefined;
  private known = new Map<string, string>();

  constructor(
    private readonly options: {
      readonly pool: () => Pool;
      /** Market time: that of alerts. */
      readonly marketTime: () => number;
      readonly onError: (error: unknown) => void;
    },
  ) {}

  suspended(code: string): string | null {
    return this.ledger.suspended(code);
  }

  record(code: string, fault: Fault): string | null {
    return this.ledger.record(code, fault);
  }

  /** Begins with what the database knows, after what is still to be written to it. */
  async load(): Promise<void> {
    await this.write();
    const db = this.options.pool();
    this.known = await loadSuspensions(db);
    this.ledger = createFaultLedger({
      suspended: this.known,
      recent: await loadRecentFaults(db, FAULT_WINDOW_MS / 1_000),
      keep: (code, { kind, detail }, _, suspended) => {
        this.unwritten.push({ code, kind, detail, suspended });
        if (suspended !== null) this.known.set(code, suspended);
        void this.write().catch(this.options.onError);
      },
    });
  }

  /** Takes suspensions along into a database that is new. */
  async carry(): Promise<void> {
    for (const [code, reason] of this.known)
      await suspendStrategy(this.options.pool(), code, reason, this.options.marketTime());
  }

  /** What an operator has changed in the database since `load`, as a text; empty when nothing. */
  async changes(): Promise<string> {
    if (this.unwritten.length > 0) return '';
    const stored = [...(await loadSuspensions(this.options.pool())).keys()];
    const lifted = [...this.known.keys()].filter((code) => !stored.includes(code));
    const added = stored.filter((code) => !this.known.has(code));
    return [...lifted, ...added].join();
  }

  /** Writes what is not written; on failure again in a second. */
  private write(): Promise<void> {
    clearTimeout(this.retry);
    this.writing = this.writing
      .catch(() => {})
      .then(async () => {
        for (let next = this.unwritten[0]; next; next = this.unwritten[0]) {
          await storeFault(this.options.pool(), next, this.options.marketTime());
          this.unwritten.shift();
        }
      });
    this.writing.catch(() => {
      this.retry = setTimeout(() => void this.write().catch(() => {}), RETRY_MS).unref();
    });
    return this.writing;
  }

  /** Resolves when all of it is in the database. */
  settled(): Promise<void> {
    return this.write();
  }

  stop(): void {
    clearTimeout(this.retry);
  }
}
