// SPDX-License-Identifier: Apache-2.0

/** Filters the boot log as choices are made, and keeps the address in step with them. */
export function filters(): void {
  const form = document.querySelector<HTMLFormElement>('#filters');
  const log = document.querySelector('#log');
  if (!form || !log) return;
  form.querySelector('button')!.hidden = true;
  form.addEventListener('change', () => apply(form, log));
}

function apply(form: HTMLFormElement, log: Element): void {
  const chosen = [...new FormData(form)].filter(([, value]) => value !== '') as [string, string][];
  const depths = chosen.filter(([name]) => name === 'depth').map(([, value]) => value);
  const ways = [...form.querySelectorAll<HTMLOptionElement>('option:checked[data-way]')].map(
    ({ dataset }) => dataset['way']!,
  );
  const mark = form.querySelector<HTMLOptionElement>('option:checked[data-mark]')?.value;
  const filtered = chosen.length > 0;
  let found = 0;
  for (const stage of log.querySelectorAll('details')) {
    let shown = 0;
    for (const item of stage.querySelectorAll<HTMLElement>('li[data-depth]')) {
      const on = item.dataset['ways']!.split(' ');
      const shows =
        (depths.length === 0 || depths.includes(item.dataset['depth']!)) &&
        (!mark || item.dataset['mine']!.split(' ').includes(mark)) &&
        ways.every((way) => on.includes(way));
      item.hidden = !shows;
      if (shows) shown++;
    }
    stage.open = filtered && shown > 0;
    stage.querySelector('.some')!.textContent = filtered ? `${shown} of ` : '';
    found += shown;
  }
  document.querySelector<HTMLElement>('#none')!.hidden = found > 0;
  form.querySelector<HTMLElement>('.clear')!.hidden = !filtered;
  const query = new URLSearchParams(chosen).toString();
  history.replaceState(null, '', query ? `/?${query}` : '/');
}
