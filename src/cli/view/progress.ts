// SPDX-License-Identifier: Apache-2.0
import { TimeLeft, type OnProgress, type Progress } from '../../shared/progress.ts';

const barWidth = 20;

/**
 * Shows progress on standard error: a line that is redrawn on a terminal, else a line for each phase
 * and each tenth of the way. `end` finishes the line.
 */
export function progressView(stream: NodeJS.WriteStream = process.stderr): {
  on: OnProgress;
  end: () => void;
} {
  const live = stream.isTTY;
  const estimates = new Map<string, TimeLeft>();
  const started = new Map<string, number>();
  let last = '';
  let open = false;
  const on: OnProgress = (progress) => {
    const key = `${progress.task} ${progress.subject}`;
    if (!started.has(key)) started.set(key, Date.now());
    const share = shareOf(progress);
    const tenth = share === undefined ? '' : Math.floor(share * 10);
    const step = `${key} ${progress.phase} ${tenth}`;
    if (!live && step === last) return;
    last = step;
    let timer = estimates.get(key);
    if (!timer) estimates.set(key, (timer = new TimeLeft()));
    const left = share === undefined ? undefined : timer.estimate(share);
    const line = format(progress, share, left, (Date.now() - started.get(key)!) / 1000);
    stream.write(live ? `\r\x1b[K${line.slice(0, (stream.columns || 80) - 1)}` : `${line}\n`);
    open = live;
    if (progress.finished && live) {
      stream.write('\n');
      open = false;
    }
  };
  return { on, end: () => open && stream.write('\n') };
}

function shareOf({ done, total, finished }: Progress): number | undefined {
  if (finished) return 1;
  return done === undefined || !total ? undefined : Math.min(1, done / total);
}

/** 'kernel  core 6.12.117    compiling  ██████████░░░░░░░░░░  704/1417 steps   4 min left' */
export function format(
  progress: Progress,
  share: number | undefined,
  left: number | undefined,
  elapsed: number,
): string {
  const head = `${progress.task.padEnd(8)}${progress.subject.padEnd(23)} `;
  if (progress.finished) return `${head}${'█'.repeat(barWidth)}  done   ${sayTime(elapsed)}`;
  if (share === undefined) return `${head}${progress.phase}`;
  const filled = Math.round(share * barWidth);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  const count = `${progress.done}/${progress.total} ${progress.unit ?? ''}`.trim();
  return `${head}${progress.phase.padEnd(12)}${bar}  ${count}${left === undefined ? '' : `   ${sayTime(left)} left`}`;
}

/** '34 s', '4 min', '1 h 10 min'. */
export function sayTime(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
