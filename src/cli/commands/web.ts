// SPDX-License-Identifier: Apache-2.0
import { BringupError, exit } from '../../shared/errors.ts';
import { serve } from '../../web/server.ts';
import { asTheWeb, runningWeb } from '../web-process.ts';
import { progressView } from '../view/progress.ts';

/** bringup web: shows the roadmap in a browser, until Ctrl-C. */
export async function web(options: { port: string }, signal: AbortSignal): Promise<number> {
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new BringupError('E-USAGE', `${options.port} is not the number of a port`);
  const running = runningWeb();
  if (running) {
    process.stdout.write(
      `web     ${running.url ?? `process ${running.pid} is starting it`}      bringup stop ends it\n`,
    );
    return exit.ok;
  }
  return asTheWeb((announce) => serveUntil(port, announce, signal));
}

async function serveUntil(
  port: number,
  announce: (url: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const view = progressView();
  const server = await serve({ port, onProgress: view.on });
  view.end();
  try {
    announce(server.url);
    await until(signal, server.url, port);
  } finally {
    await server.close();
  }
  return exit.ok;
}

/** Says where the web is, and waits. */
async function until(signal: AbortSignal, url: string, port: number): Promise<void> {
  const other = port !== 0 && !url.endsWith(`:${port}`) ? `port ${port} is taken; ` : '';
  process.stdout.write(`web     ${other}${url}      Ctrl-C ends it\n`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
