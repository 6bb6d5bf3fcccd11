// SPDX-License-Identifier: Apache-2.0
// `bringup trace` on real folders with real traces: what is shown, what is written, and what is said when there is none.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { makeLabFolder } from '../../lab/folder.ts';
import { findLab } from '../../lab/lab.ts';
import { BringupError } from '../../shared/errors.ts';
import { Driven } from '../../silicon/trace/driven.ts';
import reckoner from '../../../labs/3-drivers/pci-mmio/device.ts';
import { trace, type TraceOptions } from './trace.ts';

const temp = mkdtempSync(join(tmpdir(), 'bringup-trace-'));
afterAll(() => rmSync(temp, { recursive: true, force: true }));
let made = 0;

/** A folder of a lab whose last verdict is this. */
async function folder(lab: string, verdict?: object): Promise<string> {
  const path = join(temp, `${++made}`);
  await makeLabFolder(findLab(lab), path);
  if (verdict)
    writeFileSync(
      join(path, '.bringup-last.json'),
      JSON.stringify({ at: 'today', findings: [], ...verdict }),
    );
  return path;
}

/** What the command prints; its status must be 0. */
async function shown(path: string, options: TraceOptions = {}): Promise<string> {
  let out = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  try {
    expect(await trace(path, options)).toBe(0);
  } finally {
    write.mockRestore();
  }
  return out;
}

async function refused(path: string, options: TraceOptions = {}): Promise<BringupError> {
  const error: unknown = await trace(path, options).catch((thrown: unknown) => thrown);
  if (!(error instanceof BringupError)) throw new Error('it was not refused');
  expect(error.exitStatus).toBe(64);
  return error;
}

/** A driver that reads STATUS five times, breaks two rules a millisecond apart, and reads ID. */
function kept(): { trace: unknown } {
  const driven = new Driven(reckoner, 77);
  for (let turn = 0; turn < 5; turn++) driven.read('STATUS');
  driven.pass(1_000_000);
  driven.write('START', 1);
  driven.pass(1_000_000);
  driven.read('RESULT');
  driven.read('ID');
  return { trace: driven.trace };
}

test('the whole trace has the chip, and each broken rule in the words of the data sheet', async () => {
  const out = await shown(await folder('pci-mmio', kept()));
  expect(out).toMatch(/^RECKONER-[0-9A-F]{4} {2}10 events · 2 rules broken\n/);
  expect(out).toContain('✗ START must not be written while CONTROL.ENABLE is 0.');
  expect(out).toMatch(/BUSY=0.* × 5 over 4 µs/);
  // eslint-disable-next-line no-control-regex
  expect(out).not.toMatch(/\x1b/);
});

test('a register, a time, broken rules alone', async () => {
  const path = await folder('pci-mmio', kept());
  const one = await shown(path, { register: 'id' });
  expect(one).toContain(' ID ');
  expect(one).not.toContain(' STATUS ');
  const part = await shown(path, { from: '1ms', to: '1.5ms' });
  expect(part).toContain('✗ START');
  expect(part).not.toContain('✗ RESULT');
  const broken = await shown(path, { violations: true });
  expect(broken.match(/^▸/gm)).toHaveLength(2);
  expect(await shown(path, { from: '5s' })).toContain('Nothing happened then.');
  expect((await refused(path, { register: 'NONE' })).next).toContain('STATUS');
  expect((await refused(path, { from: 'noon' })).next).toContain('12.5ms');
});

test('the same as JSON, with fields', async () => {
  const out = JSON.parse(await shown(await folder('pci-mmio', kept()), { json: true })) as {
    events: object[];
  };
  expect(out.events).toHaveLength(10);
  expect(out.events[0]).toMatchObject({ register: 'STATUS', fields: { BUSY: 0, DONE: 0 } });
});

test('a file for waveform viewers', async () => {
  const path = await folder('pci-mmio', kept());
  const file = join(path, 'bus.vcd');
  expect(await shown(path, { vcd: file })).toContain('10 events');
  expect(readFileSync(file, 'utf8')).toContain('$enddefinitions $end');
  expect(await shown(path, { vcd: '-' })).toBe(readFileSync(file, 'utf8'));
  await refused(path, { vcd: join(path, 'none', 'bus.vcd') });
});

test('what there is not is said', async () => {
  expect((await refused(await folder('char-echo', kept()))).message).toContain('no chip');
  expect((await refused(await folder('pci-mmio'))).next).toContain('bringup check');
  expect((await refused(await folder('pci-mmio', {}))).message).toContain('has no trace');
  expect((await refused(await folder('pci-mmio', { findings: [{ kind: 'build' }] }))).next).toContain(
    'not built',
  );
  expect((await refused(await folder('pci-mmio', { trace: { events: 'many' } }))).message).toContain(
    'can not be read',
  );
  const { trace: other } = kept() as { trace: object };
  expect(await shown(await folder('pci-mmio', { trace: { ...other, part: 'OTHER-1' } }))).toContain(
    'another chip',
  );
});
