// SPDX-License-Identifier: Apache-2.0
import type { Hit } from '../site/search.ts';

const pause = 120;

/** Shows what is found while the words are typed. */
export function instantResults(): void {
  const field = document.querySelector<HTMLInputElement>('#q');
  const list = document.querySelector('#hits');
  if (!field || !list) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = new AbortController();
  field.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      asked.abort();
      asked = new AbortController();
      void look(field.value.trim(), list, asked.signal);
    }, pause);
  });
}

async function look(words: string, list: Element, signal: AbortSignal): Promise<void> {
  const query = new URLSearchParams({ q: words });
  try {
    const response = await fetch(`/api/search.json?${query}`, { signal });
    if (!response.ok) return;
    show((await response.json()) as Hit[], words, list);
    history.replaceState(null, '', words ? `/search?${query}` : '/search');
  } catch {
    // Other words were typed meanwhile, or the server is gone: what is shown stays.
  }
}

function show(hits: Hit[], words: string, list: Element): void {
  list.replaceChildren(...hits.map(row));
  document.querySelector('#found')!.textContent =
    words === ''
      ? ''
      : hits.length === 0
        ? 'Nothing has these words. Fewer or shorter ones may help.'
        : hits.length === 40
          ? 'The 40 that fit best'
          : `${hits.length} found`;
  document.querySelector('.tries')?.remove();
}

function row({ kind, title, href, depth, excerpt }: Hit): HTMLElement {
  const name = element('span', 'with-mark');
  if (depth) name.append(mark(depth));
  const link = element('a', '', title);
  link.setAttribute('href', href);
  name.append(link);
  const more = element('span', 'more text');
  more.append(...excerpt.map(({ text, hit }) => (hit ? element('mark', '', text) : text)));
  const item = element('li');
  item.append(name, element('span', 'val', kind), more);
  return item;
}

/** As parts/Depth.svelte draws it. */
function mark(depth: string): HTMLElement {
  const letter = depth[0]!.toUpperCase();
  const span = element('span', 'dm');
  span.dataset['d'] = letter;
  const shown = element('span', '', letter);
  shown.setAttribute('aria-hidden', 'true');
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', depth);
  const use = document.createElementNS(space, 'use');
  use.setAttribute('href', `#shape-${letter}`);
  svg.append(use);
  span.append(shown, svg);
  return span;
}

function element(name: string, className = '', text = ''): HTMLElement {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}
