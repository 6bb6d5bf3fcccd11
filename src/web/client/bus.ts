// SPDX-License-Identifier: Apache-2.0
import { renewPart } from './part.ts';

/** Lets the timeline of a bus be moved by keys and wheel: each follows the link that does it without the script. */
export function buses(): void {
  if (!document.querySelector('#bus')) return;
  prepare();
  let going = false;
  const follow = (link: HTMLAnchorElement | null): boolean => {
    if (!link || going) return false;
    going = true;
    history.replaceState(null, '', link.href);
    renewPart('bus', (fresh) => {
      going = false;
      prepare();
      fresh?.querySelector<HTMLElement>('[data-timeline]')?.focus({ preventScroll: true });
    });
    return true;
  };
  const step = (key: string): HTMLAnchorElement | null =>
    document.querySelector<HTMLAnchorElement>(`#bus a[data-key="${key}"]`);
  const onTimeline = (event: Event): boolean =>
    event.target instanceof Element && event.target.closest('[data-timeline]') !== null;
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !onTimeline(event)) return;
    const key = event.key === '=' ? '+' : event.key;
    if ('+-<>0n'.includes(key) && follow(step(key))) event.preventDefault();
  });
  document.addEventListener(
    'wheel',
    (event) => {
      if (!event.ctrlKey || !onTimeline(event)) return;
      event.preventDefault();
      follow(step(event.deltaY < 0 ? '+' : '-'));
    },
    { passive: false },
  );
  document.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    const link =
      event.target instanceof Element
        ? event.target.closest<HTMLAnchorElement>('#bus a[data-key], #bus a[data-violation]')
        : null;
    if (follow(link)) event.preventDefault();
  });
}

/** Says which keys there are. */
function prepare(): void {
  const keys = document.querySelector<HTMLElement>('#bus .with-script');
  if (keys) keys.hidden = false;
}
