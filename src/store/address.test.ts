// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { namedAddress, shownAddress } from './address.ts';

test('without DATABASE_URL there is no named address', () => {
  expect(namedAddress('')).toBeUndefined();
});

const plain = { kind: 'named', host: 'localhost', port: 5432, database: 'd', user: 'u' };

test.each([
  ['postgres://u@localhost/d', plain],
  ['postgresql://u@localhost:5432/d', plain],
  ['postgres://u:p%40%2F%3A@localhost/d', { ...plain, password: 'p@/:' }],
  ['postgres://u@db.example:6000/d', { ...plain, host: 'db.example', port: 6000 }],
  ['postgres://u@[2001:db8::1]:6000/d', { ...plain, host: '2001:db8::1', port: 6000 }],
  ['postgres://u@%2Frun%2Fpostgresql/d', { ...plain, host: '/run/postgresql' }],
  ['postgres:///d?host=/run/postgresql&user=u', { ...plain, host: '/run/postgresql' }],
  ['postgres://?dbname=d&user=u&port=1&password=x', { ...plain, port: 1, password: 'x' }],
  ['postgres://u@localhost/', { ...plain, database: 'u' }],
  ['postgres://u@localhost/d?sslmode=require', { ...plain, ssl: 'require' }],
  ['postgres://u@localhost/d?sslmode=disable', plain],
])('%s is read as libpq reads it', (url, address) => {
  expect(namedAddress(url)).toEqual(address);
});

test.each([
  'mysql://u@h/d',
  'postgres:d',
  'postgres://h:x/d',
  'postgres://h/d?nope=1',
  'postgres://%zz/d',
  'd',
])('%s is refused', (url) => {
  expect(() => namedAddress(url)).toThrow(expect.objectContaining({ code: 'E-DB-URL' }) as Error);
});

test('nobody is shown a password', () => {
  const shown = [
    'postgres://u:secret@h/d',
    'postgres://u:secret@[::1]/d',
    'postgres:///d?host=/run&user=u&password=secret',
  ];
  expect(shown.map((url) => shownAddress(namedAddress(url)!))).toEqual([
    'u@h:5432/d',
    'u@[::1]:5432/d',
    'd at /run',
  ]);
});
