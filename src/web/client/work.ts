// SPDX-License-Identifier: Apache-2.0
import { renewPart } from './part.ts';

/** Shows a new verdict without reloading: the server says that there is one, and that part of the page is fetched. */
export function liveWork(): void {
  const part = document.querySelector<HTMLElement>('[data-last]');
  if (!part) return;
  const source = new EventSource('/work/events');
  source.addEventListener('attempt', () => {
    const before = document.getElementById(part.id)!.dataset['last'];
    renewPart(part.id, (fresh) => {
      if (fresh instanceof HTMLElement && fresh.dataset['last'] !== before)
        document.getElementById('live')!.textContent = 'A new verdict is here.';
    });
  });
}
