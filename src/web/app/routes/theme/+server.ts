// SPDX-License-Identifier: Apache-2.0
import { redirect, type RequestHandler } from '@sveltejs/kit';

const year = 365 * 24 * 3600;

/** Keeps the reader's choice in a cookie and goes back to where the button was pressed. */
export const POST: RequestHandler = async ({ request, cookies, url }) => {
  const theme = (await request.formData()).get('theme');
  if (theme === 'light' || theme === 'dark')
    cookies.set('theme', theme, { path: '/', maxAge: year, httpOnly: true, sameSite: 'lax', secure: false });
  else cookies.delete('theme', { path: '/', secure: false });
  const from = URL.parse(request.headers.get('referer') ?? '/', url);
  redirect(303, from?.origin === url.origin ? `${from.pathname}${from.search}` : '/');
};
