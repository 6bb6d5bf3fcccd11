// SPDX-License-Identifier: Apache-2.0

/** Lets the buttons for light and dark work without loading the page again. */
export function themeButtons(): void {
  const form = document.querySelector<HTMLFormElement>('form.theme');
  form?.addEventListener('submit', (event) => {
    const pressed = event.submitter;
    if (!(pressed instanceof HTMLButtonElement)) return;
    event.preventDefault();
    document.documentElement.dataset['theme'] = pressed.value;
    for (const button of form.querySelectorAll('button'))
      button.setAttribute('aria-pressed', String(button === pressed));
    void fetch(form.action, { method: 'POST', body: new URLSearchParams({ theme: pressed.value }) });
  });
}
