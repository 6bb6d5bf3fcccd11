// SPDX-License-Identifier: Apache-2.0
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Handle, HandleServerError } from '@sveltejs/kit/hooks';

const squeeze = promisify(gzip);

/** Below this many bytes the reader gains nothing. */
const worthwhile = 1024;

export const handle: Handle = async ({ event, resolve }) => {
  const theme = event.cookies.get('theme');
  if (theme === 'light' || theme === 'dark') event.locals.theme = theme;
  const response = await resolve(event, {
    transformPageChunk: ({ html }) => html.replace('%theme%', event.locals.theme ?? ''),
    // Text is set in these two from the first line on.
    preload: ({ type, path }) => type === 'font' && /sans-latin-(400|600)-normal/.test(path),
  });
  return compressed(event.request, response);
};

/** Compresses what is whole; streams, which may never end, go out as they come. */
async function compressed(request: Request, response: Response): Promise<Response> {
  const type = response.headers.get('content-type') ?? '';
  if (!response.body || !/^(text\/(html|plain)|application\/(json|xml))/.test(type)) return response;
  const headers = new Headers(response.headers);
  headers.append('vary', 'accept-encoding');
  if (type.startsWith('text/html')) {
    headers.append('vary', 'cookie');
    if (!headers.has('cache-control')) headers.set('cache-control', 'private, no-cache');
  }
  const body = Buffer.from(await response.arrayBuffer());
  const { status } = response;
  if (body.length < worthwhile || !/\bgzip\b/.test(request.headers.get('accept-encoding') ?? ''))
    return new Response(body, { status, headers });
  headers.set('content-encoding', 'gzip');
  const squeezed = await squeeze(body);
  headers.set('content-length', String(squeezed.length));
  return new Response(squeezed, { status, headers });
}

export const handleError: HandleServerError = ({ kind, error, event }) => {
  if (kind === 'framework' && error.status === 404) return { message: 'There is no such page' };
  if (kind !== 'unknown') return;
  console.error(`E-INTERNAL: ${event.request.method} ${event.url.pathname}`, error);
  return { message: 'This page could not be made' };
};
