// SPDX-License-Identifier: Apache-2.0
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repository } from '../shared/paths.ts';
import { packages, preferences, recipeId } from './contents.ts';
import { aptProxy, aptSources, suite } from './mirror.ts';

test('the recipe has a name that a folder can have, and the same one each time', () => {
  expect(recipeId()).toMatch(/^[0-9a-f]{12}$/);
  expect(recipeId()).toBe(recipeId());
});

test('packages have names Debian allows, none twice', () => {
  for (const name of packages) expect(name).toMatch(/^[a-z0-9][a-z0-9+.-]+$/);
  expect(new Set(packages).size).toBe(packages.length);
});

test('QEMU comes from backports', () => {
  expect(preferences).toMatch(/^Package: .*qemu-\*/m);
  expect(preferences).toContain(`Pin: release n=${suite}-backports`);
});

test("apt's sources are the host's own mirror or none, never a mix", async () => {
  const sources = await aptSources();
  for (const line of sources) {
    expect(line).toMatch(new RegExp(`^deb \\S+ ${suite}(-updates|-backports|-security)? main$`));
  }
  const main = sources.filter((line) => !line.includes('-security')).map((line) => line.split(' ')[1]);
  expect(new Set(main).size).toBeLessThanOrEqual(1);
  if (sources.length > 0) expect(main).toHaveLength(3);
  for (const line of await aptProxy()) expect(line).toMatch(/^Acquire::https?::proxy/i);
});

// Mirrors and registries are the host's own choice; an address in here would go round it.
const looked = ['bringup', 'package.json', '.npmrc', 'src', 'guest', 'kernels', 'scripts', '.ci'];
const address =
  /\b(?:https?|ftp|rsync):\/\/[\w.-]+|\b[\w-]+\.(?:debian|ubuntu|kernel|npmjs|nodejs|github|gitlab)\.(?:org|com)\b/g;

/** Names of formats, and documents that pages point a reader to: nothing is fetched from there. */
const named = ['www.w3.org', 'www.sitemaps.org', 'docs.kernel.org', 'git.kernel.org'];

test('no address of a mirror or registry is written into what runs', () => {
  const files = looked.flatMap((name) => {
    const path = join(repository, name);
    try {
      return readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !/\.test\.ts$|\.log$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name));
    } catch {
      return [path];
    }
  });
  expect(files.length).toBeGreaterThan(80);
  const found = files.flatMap((file) =>
    (readFileSync(file, 'utf8').match(address) ?? [])
      .filter((text) => !named.some((name) => text.endsWith(`//${name}`)))
      .map((text) => `${file}: ${text}`),
  );
  expect(found).toEqual([]);
});
