// SPDX-License-Identifier: Apache-2.0
import { begun, buildState, findCurrentKernel } from '../kernel/make.ts';
import { findKit } from '../kit/kit.ts';
import { inBackground } from './background.ts';

/**
 * Begins to build a flavor's kernel in the background unless it is there, or being built. Gives false when it is there,
 * or nothing can be built yet because there is no kit.
 */
export function buildOnFirstNeed(flavor: string): boolean {
  if (findCurrentKernel(flavor) || !findKit()) return false;
  if (!buildState(flavor)) inBackground(['kernel', 'build', flavor, '--rejudge'], `builder-${flavor}.log`);
  return true;
}

/** How far the kernel of a flavor is, when it is not there: 'compiling 40 %'. */
export function howFar(flavor: string): string {
  const building = buildState(flavor);
  const { done, total, phase } = building?.progress ?? {};
  const share = done !== undefined && total ? ` ${Math.floor((done / total) * 100)} %` : '';
  if (building) return `${phase ?? 'being made'}${share}`;
  return begun(flavor) ? 'begun' : 'not made yet';
}
