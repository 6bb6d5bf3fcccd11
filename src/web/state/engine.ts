// SPDX-License-Identifier: Apache-2.0
import { findKernel } from '../../kernel/kernel.ts';
import { buildState, findCurrentKernel } from '../../kernel/make.ts';
import { TimeLeft } from '../../shared/progress.ts';

/** What judges labs on this machine: the core kernel, or how far it is. */
export type Engine =
  | { state: 'ready' }
  /** `provisional`: Debian's own kernel judges meanwhile. */
  | { state: 'building'; phase: string; percent?: number; minutes?: number; provisional: boolean }
  | { state: 'none'; provisional: boolean };

/** How fast the build goes that is watched; one at a time. */
let watched: { pid: number; left: TimeLeft } | undefined;

export function engine(): Engine {
  const building = buildState('core');
  if (!building) {
    watched = undefined;
    return findCurrentKernel('core')
      ? { state: 'ready' }
      : { state: 'none', provisional: !!findKernel('quick') };
  }
  const { pid, progress } = building;
  if (watched?.pid !== pid) watched = { pid, left: new TimeLeft() };
  const { done, total, phase = 'being prepared' } = progress ?? {};
  const share = done !== undefined && total ? Math.min(1, done / total) : undefined;
  const left = share === undefined ? undefined : watched.left.estimate(share);
  return {
    state: 'building',
    phase,
    ...(share !== undefined && { percent: Math.floor(share * 100) }),
    ...(left !== undefined && { minutes: Math.ceil(left / 60) }),
    provisional: !!findKernel('quick'),
  };
}
