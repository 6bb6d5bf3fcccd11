// SPDX-License-Identifier: Apache-2.0

/** `/` goes to the search field, Escape leaves it. */
export function keys(): void {
  const field =
    document.querySelector<HTMLInputElement>('#q') ?? document.querySelector<HTMLInputElement>('#find');
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !field) return;
    const typing = event.target instanceof HTMLElement && event.target.matches('input, select, textarea');
    if (event.key === '/' && !typing) {
      event.preventDefault();
      field.focus();
      field.select();
    } else if (event.key === 'Escape' && event.target === field) field.blur();
  });
}
