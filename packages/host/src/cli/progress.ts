import cliProgress from 'cli-progress';

/** Long work shows where it stands: a bar on a terminal, a line every five seconds otherwise, nothing with `--json`. */
export interface Progress {
  /** `done` of `total`; the rate and what is left follow from it. `note` stands beside them. */
  update(done: number, total: number, note?: string): void;
  stop(): void;
}

const LINE_MS = 5_000;

export function progressOf(
  kind: 'bar' | 'lines' | 'silent',
  stream: { write(text: string): unknown },
  label: string,
  unit: string,
): Progress {
  if (kind === 'silent') return { update: () => {}, stop: () => {} };
  const started = performance.now();
  const rate = (done: number): string => {
    const perSecond = done / Math.max(0.001, (performance.now() - started) / 1000);
    return unit === '' ? '' : ` · ${Math.round(perSecond).toLocaleString('en-US')} ${unit}/s`;
  };
  const left = (done: number, total: number): string => {
    const seconds = done > 0 ? (((performance.now() - started) / 1000) * (total - done)) / done : 0;
    return done > 0 && done < total
      ? ` · ${seconds < 60 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`} left`
      : '';
  };
  const said = (note = ''): string => (note === '' ? '' : ` · ${note}`);
  if (kind === 'lines') {
    let last = started;
    return {
      update(done, total, note) {
        const now = performance.now();
        if (now - last < LINE_MS) return;
        last = now;
        stream.write(
          `${label} ${Math.floor((100 * done) / Math.max(1, total))} %${rate(done)}${left(done, total)}${said(note)}\n`,
        );
      },
      stop() {},
    };
  }
  const bar = new cliProgress.SingleBar({
    format: `${label} {bar} {percentage} %{detail}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    stream: stream as NodeJS.WritableStream,
  });
  bar.start(1, 0, { detail: '' });
  return {
    update(done, total, note) {
      bar.setTotal(Math.max(1, total));
      bar.update(done, { detail: `${rate(done)}${left(done, total)}${said(note)}` });
    },
    stop: () => bar.stop(),
  };
}
