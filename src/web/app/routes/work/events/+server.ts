// SPDX-License-Identifier: Apache-2.0
import type { RequestHandler } from '@sveltejs/kit';
import { listenForAttempts } from '../../../../../store/attempts.ts';
import { fromStore } from '../../../parts/from-store.ts';

/** Says that an attempt has come in, as server-sent events; what it is, the page says. */
export const GET: RequestHandler = () =>
  fromStore(async ({ sql, person, ended }) => {
    const left = new AbortController();
    const over = AbortSignal.any([left.signal, ended]);
    const stream = new ReadableStream<string>({
      async start(controller) {
        const tell = (): void => {
          if (!over.aborted) controller.enqueue('event: attempt\ndata: new\n\n');
        };
        const stop = await listenForAttempts(sql, (notice) => notice.person === person && tell(), tell);
        const end = (): void => {
          stop().catch(() => {}); // with the connection gone there is nothing to stop
          // When it is the database that is left, the browser comes again by itself.
          if (!left.signal.aborted) controller.close();
        };
        if (over.aborted) end();
        else over.addEventListener('abort', end, { once: true });
      },
      cancel: () => left.abort(),
    });
    return new Response(stream.pipeThrough(new TextEncoderStream()), {
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
    });
  });
