// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { parseConfig, unmet } from './config.ts';
import { flavorIds, loadFlavor, type BuiltFlavor } from './flavor.ts';
import { essence, requestOf } from './request.ts';

const final = `#
# Automatically generated file; DO NOT EDIT.
# Linux/x86 6.12.117 Kernel Configuration
#
CONFIG_CC_VERSION_TEXT="gcc-14 (Debian 14.2.0-19) 14.2.0"
CONFIG_KUNIT=y
CONFIG_TUN=m
CONFIG_LOG_BUF_SHIFT=18
CONFIG_PHYSICAL_START=0x1000000
CONFIG_LOCALVERSION=""
# CONFIG_MODULE_SIG is not set
# end of General setup
`;

test('reads every form a value has', () => {
  expect(Object.fromEntries(parseConfig(final))).toEqual({
    CONFIG_CC_VERSION_TEXT: '"gcc-14 (Debian 14.2.0-19) 14.2.0"',
    CONFIG_KUNIT: 'y',
    CONFIG_TUN: 'm',
    CONFIG_LOG_BUF_SHIFT: '18',
    CONFIG_PHYSICAL_START: '0x1000000',
    CONFIG_LOCALVERSION: '""',
    CONFIG_MODULE_SIG: 'n',
  });
});

test('a string with an equals sign is kept whole', () => {
  expect(parseConfig('CONFIG_CMDLINE="a=1 b=2"').get('CONFIG_CMDLINE')).toBe('"a=1 b=2"');
});

test('comments and remarks are no options', () => {
  expect(parseConfig('# CONFIG_KASAN is what we are here for\n#CONFIG_X=y\n')).toEqual(new Map());
});

test('an option that Kconfig dropped without a word is named', () => {
  expect(unmet('CONFIG_KUNIT=y\nCONFIG_KASAN=y\n', final)).toEqual([
    'CONFIG_KASAN=y was asked for, the result has n',
  ]);
});

test.each([
  ['made a module', 'CONFIG_TUN=y', 'CONFIG_TUN=y was asked for, the result has m'],
  ['another number', 'CONFIG_LOG_BUF_SHIFT=20', 'CONFIG_LOG_BUF_SHIFT=20 was asked for, the result has 18'],
  ['another string', 'CONFIG_LOCALVERSION="-x"', 'CONFIG_LOCALVERSION="-x" was asked for, the result has ""'],
  ['switched on', '# CONFIG_KUNIT is not set', 'CONFIG_KUNIT=n was asked for, the result has y'],
  ['switched on', 'CONFIG_KUNIT=n', 'CONFIG_KUNIT=n was asked for, the result has y'],
])('a request that was not met is named: %s', (_, fragment, problem) => {
  expect(unmet(fragment, final)).toEqual([problem]);
});

test.each([
  '# CONFIG_MODULE_SIG is not set',
  'CONFIG_MODULE_SIG=n',
  'CONFIG_NOT_EVEN_THERE=n',
  'CONFIG_LOCALVERSION=""',
])('a request that was met is not: %s', (fragment) => expect(unmet(fragment, final)).toEqual([]));

test('the core flavor asks for its detectors, and says so when they are dropped', () => {
  const fragment = requestOf(loadFlavor('core') as BuiltFlavor);
  const asked = parseConfig(fragment);
  const detectors = [
    'CONFIG_KASAN',
    'CONFIG_PROVE_LOCKING',
    'CONFIG_DEBUG_KMEMLEAK',
    'CONFIG_DEBUG_ATOMIC_SLEEP',
  ];
  for (const name of detectors) expect(asked.get(name), name).toBe('y');
  expect(unmet(fragment, fragment)).toEqual([]);
  const without = fragment.replace('CONFIG_KASAN=y', '# CONFIG_KASAN is not set');
  expect(unmet(fragment, without)).toEqual(['CONFIG_KASAN=y was asked for, the result has n']);
});

const built = flavorIds()
  .map(loadFlavor)
  .filter((flavor): flavor is BuiltFlavor => 'source' in flavor);

test.each(built)('parts and options of $id do not contradict each other', (flavor) => {
  const seen = new Map<string, string>();
  for (const line of requestOf(flavor).split('\n'))
    for (const [name, value] of parseConfig(line)) {
      expect(seen.get(name) ?? value, name).toBe(value);
      seen.set(name, value);
    }
});

test('a request is the same in another order, with other comments, and said twice', () => {
  const [one, other] = ['CONFIG_A=y\n# CONFIG_B is not set\n', '# why\nCONFIG_B=n\nCONFIG_A=y\nCONFIG_A=y\n'];
  expect(essence(one)).toBe(essence(other));
  expect(essence(one)).not.toBe(essence('CONFIG_A=m\n# CONFIG_B is not set\n'));
});
