// SPDX-License-Identifier: Apache-2.0

/** Shows a new verdict without reloading: the server says that there is one, and that part of the page is fetched. */
export function liveWork(): void {
  if (!document.getElementById('work')) return;
  const source = new EventSource('/work/events');
  source.addEventListener('attempt', () => {
    // A request gives a document without any text being made into nodes here, which the policy forbids.
    const request = new XMLHttpRequest();
    request.open('GET', '/work');
    request.responseType = 'document';
    request.addEventListener('load', () => {
      const fresh = request.responseXML?.getElementById('work');
      const shown = document.getElementById('work');
      if (!fresh || !shown || fresh.dataset['last'] === shown.dataset['last']) return;
      shown.replaceWith(document.importNode(fresh, true));
      document.getElementById('live')!.textContent = 'A new verdict is here.';
    });
    request.send();
  });
}
