// SPDX-License-Identifier: Apache-2.0
import { renewPart } from './part.ts';

const id = 'engine';
const interval = 3000;

/** Keeps the progress of a kernel that is being built up to date while the page is looked at. */
export function liveEngine(): void {
  if (!document.querySelector(`#${id} progress`)) return;
  setTimeout(() => {
    if (document.hidden) document.addEventListener('visibilitychange', liveEngine, { once: true });
    else renewPart(id, liveEngine);
  }, interval);
}
