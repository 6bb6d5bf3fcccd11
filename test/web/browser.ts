// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Starts the host's Chromium; as root on a Debian without one, installs it first. */
export function launch(args: readonly string[] = []): Promise<Browser> {
  const root = process.getuid?.() === 0;
  return chromium.launch({
    executablePath: browserPath(),
    args: [...(root ? ['--no-sandbox'] : []), ...args],
  });
}

function browserPath(): string {
  const found = find();
  if (found) return found;
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', 'chromium'];
  if (process.getuid?.() !== 0) throw new Error(`these tests need a Chromium: sudo ${install.join(' ')}`);
  console.log(`no Chromium on this host: ${install.join(' ')}`);
  spawnSync('apt-get', ['update'], { stdio: 'inherit' });
  spawnSync(install[0]!, install.slice(1), {
    stdio: 'inherit',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  const installed = find();
  if (!installed) throw new Error('Chromium could not be installed; what apt-get said stands above');
  return installed;
}

function find(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(':');
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));
}
