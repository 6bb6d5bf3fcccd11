// SPDX-License-Identifier: Apache-2.0

/**
 * Fetches this page again and puts that part of it in the place of the one that is shown. A request gives a document
 * without any text being made into nodes here, which the policy forbids. `then` gets the new part, or undefined when
 * the page has none any more; a part that did not change stays as it is.
 */
export function renewPart(id: string, then: (fresh: Element | undefined) => void): void {
  const request = new XMLHttpRequest();
  request.open('GET', location.pathname + location.search);
  request.responseType = 'document';
  request.addEventListener('load', () => {
    const page = request.responseXML;
    const shown = document.getElementById(id);
    if (request.status !== 200 || !page || !shown) return;
    const fresh = page.getElementById(id);
    if (fresh?.isEqualNode(shown)) return then(shown);
    const put = fresh && document.importNode(fresh, true);
    if (put) shown.replaceWith(put);
    else shown.remove();
    then(put ?? undefined);
  });
  request.send();
}
