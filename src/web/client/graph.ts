// SPDX-License-Identifier: Apache-2.0

const step = 1.25;
const smallest = 0.15;
const largest = 2;

/** Lets drawings of skills be zoomed and dragged, and shows what belongs to the skill one looks at. */
export function graphs(): void {
  for (const graph of document.querySelectorAll<HTMLElement>('.graph')) {
    zoomable(graph);
    highlights(graph);
  }
}

function zoomable(graph: HTMLElement): void {
  const pane = graph.querySelector<HTMLElement>('.pane')!;
  const svg = pane.querySelector('svg')!;
  const { width, height } = svg.viewBox.baseVal;
  let scale = 1;
  const zoom = (to: number, x = pane.clientWidth / 2, y = pane.clientHeight / 2): void => {
    const next = Math.min(largest, Math.max(smallest, to));
    // What is at (x, y) of the pane stays there.
    const left = ((pane.scrollLeft + x) / scale) * next - x;
    const top = ((pane.scrollTop + y) / scale) * next - y;
    scale = next;
    svg.setAttribute('width', String(width * scale));
    svg.setAttribute('height', String(height * scale));
    pane.scrollTo({ left, top, behavior: 'instant' });
  };
  const fit = (): void => zoom(Math.min(1, pane.clientWidth / width));
  const acts: Record<string, () => void> = {
    in: () => zoom(scale * step),
    out: () => zoom(scale / step),
    fit,
    full: () => zoom(1),
  };
  const large = width > pane.clientWidth || height > pane.clientHeight;
  graph.querySelector<HTMLElement>('.zoom')!.hidden = !large;
  graph.classList.toggle('drags', large);
  graph.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-zoom]') : null;
    acts[button?.dataset['zoom'] ?? '']?.();
  });
  pane.addEventListener('keydown', (event) => {
    const act = { '+': 'in', '=': 'in', '-': 'out', '0': 'fit' }[event.key];
    if (act && !event.ctrlKey && !event.metaKey) acts[act]!();
  });
  pane.addEventListener(
    'wheel',
    (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const box = pane.getBoundingClientRect();
      zoom(scale * Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
    },
    { passive: false },
  );
  if (large) draggable(pane);
}

/** Drags with a mouse; a finger and the keys scroll by themselves. */
function draggable(pane: HTMLElement): void {
  let from: { x: number; y: number; left: number; top: number } | undefined;
  let moved = false;
  pane.addEventListener('pointerdown', (event) => {
    if (event.pointerType !== 'mouse' || event.button !== 0) return;
    from = { x: event.clientX, y: event.clientY, left: pane.scrollLeft, top: pane.scrollTop };
    moved = false;
  });
  addEventListener('pointermove', (event) => {
    if (!from) return;
    const [x, y] = [event.clientX - from.x, event.clientY - from.y];
    moved ||= Math.hypot(x, y) > 4;
    if (moved) pane.scrollTo({ left: from.left - x, top: from.top - y, behavior: 'instant' });
  });
  addEventListener('pointerup', () => (from = undefined));
  pane.addEventListener('dragstart', (event) => event.preventDefault());
  // A drag that ends on a link does not follow it.
  pane.addEventListener('click', (event) => moved && event.preventDefault(), { capture: true });
}

function highlights(graph: HTMLElement): void {
  const edges = [...graph.querySelectorAll<SVGPathElement>('.edge')];
  const look = (event: Event): void => {
    const node = event.target instanceof Element ? event.target.closest<SVGElement>('a[data-id]') : null;
    const id = event.type === 'focusout' ? undefined : node?.dataset['id'];
    graph.classList.toggle('shows', id !== undefined);
    for (const edge of edges)
      edge.classList.toggle('on', edge.dataset['from'] === id || edge.dataset['to'] === id);
  };
  for (const kind of ['pointerover', 'focusin', 'focusout', 'pointerleave'])
    graph.addEventListener(kind, look);
}
