// SPDX-License-Identifier: Apache-2.0
import { error, type RequestHandler } from '@sveltejs/kit';
import { cardOf } from '../../../../site/card.ts';
import { shareImage } from '../../../../site/share.ts';

/** The share image of a page: /share/home.png, /share/skills/rcu.png. */
export const GET: RequestHandler<{ path: string }> = async ({ params }) => {
  const page = /^(.+)\.png$/.exec(params.path)?.[1];
  const card = page && cardOf(page === 'home' ? '/' : `/${page}`);
  if (!card) error(404, 'There is no such image');
  const png = await shareImage(card);
  return new Response(new Uint8Array(png), {
    headers: { 'content-type': 'image/png', 'cache-control': 'public, max-age=86400' },
  });
};
