// SPDX-License-Identifier: Apache-2.0
// Value change dump, IEEE Std 1364-2005, clause 18: what waveform viewers such as GTKWave open.
import type { Chip } from '../layout/chip.ts';
import { extract } from '../layout/value.ts';
import { meant, registerOf, type AccessEvent } from './decode.ts';
import type { Trace, TraceEvent } from './trace.ts';

interface Signal {
  readonly code: string;
  readonly name: string;
  /** 0: an event, which has no value. */
  readonly bits: number;
  value: string;
}

type Changes = (readonly [signal: Signal, value: string])[];

/**
 * A trace as signals over time, a scope for each register, interrupt and so on. A register has the value of its last
 * access as the driver means it, with its fields, and an event for each read and write; it is unknown (x) until the first
 * access, after a reset, and where events are left out. Broken rules are events. What happens at one moment is drawn
 * apart by 2 ns, so that nothing hides anything.
 */
export function vcdOf(trace: Trace, chip: Chip | undefined): string {
  const scopes = new Scopes();
  const top = identifier(trace.part);
  // All registers of the chip stand first, touched or not.
  for (const { name, width, fields } of chip?.registers ?? []) {
    scopes.signal(name, name, width);
    for (const field of fields) scopes.signal(name, field.name, field.bits);
  }
  const steps = trace.events.map((event) => changesOf(event, chip, scopes));
  const body: string[] = [];
  let time = -1;
  const emit = (changes: Changes): void => {
    for (const [signal, value] of changes) {
      if (signal.bits > 0 && signal.value === value) continue;
      signal.value = value;
      body.push(written(signal, value));
    }
  };
  const unknown = (): Changes =>
    scopes.valued.map((signal) => [signal, scopes.isPulse(signal) ? '0' : 'x'] as const);
  const dump = (changes: Changes): string[] => changes.map(([signal, value]) => written(signal, value));
  steps.forEach((changes, index) => {
    const event = trace.events[index]!;
    const cut = trace.omitted > 0 && index === trace.head;
    if (cut)
      body.push(`#${time + 2}`, '$dumpoff', ...scopes.valued.map((signal) => written(signal, 'x')), '$end');
    time = Math.max(Math.round(event.at), time + (cut ? 4 : 2), 1);
    body.push(`#${time}`);
    if (cut) body.push('$dumpon', ...dump(unknown()), '$end');
    if (cut || event.kind === 'reset') emit(unknown());
    emit(changes);
    const pulses = changes.filter(([signal]) => scopes.isPulse(signal));
    if (pulses.length > 0) {
      body.push(`#${time + 1}`);
      emit(pulses.map(([signal]) => [signal, '0']));
    }
  });
  return [
    '$version bringup $end',
    `$comment ${top}, seed ${trace.seed}, ${trace.omitted} events left out $end`,
    '$timescale 1 ns $end',
    `$scope module ${top} $end`,
    ...scopes.declarations(),
    '$upscope $end',
    '$enddefinitions $end',
    '#0',
    '$dumpvars',
    ...dump(unknown()),
    '$end',
    ...body,
    '',
  ].join('\n');
}

/** What changes with an event. */
function changesOf(event: TraceEvent, chip: Chip | undefined, scopes: Scopes): Changes {
  switch (event.kind) {
    case 'read':
    case 'write':
      return accessChanges(event, chip, scopes);
    case 'dma-read':
    case 'dma-write':
      return [
        [scopes.signal('dma', 'address', 64), BigInt(event.address).toString(2)],
        [scopes.signal('dma', 'length', 32), event.bytes.toString(2)],
        [scopes.signal('dma', event.kind === 'dma-read' ? 'read' : 'write', 0), '1'],
        ...(event.fault === undefined ? [] : ([[scopes.signal('dma', 'refused', 0), '1']] as const)),
      ];
    case 'message':
      return [
        [scopes.pulse('interrupts', event.interrupt), '1'],
        ...(event.lost ? ([[scopes.signal('interrupts', `${event.interrupt}_lost`, 0), '1']] as const) : []),
      ];
    case 'violation':
      return [[scopes.signal('broken_rules', event.rule, 0), '1']];
    case 'fault':
      return [[scopes.signal('chip', 'fault', 0), '1']];
    case 'reset':
      return [[scopes.signal('chip', 'reset', 0), '1']];
  }
}

function accessChanges(event: AccessEvent, chip: Chip | undefined, scopes: Scopes): Changes {
  const register = registerOf(chip, event);
  const offset = event.offset.toString(16).padStart(4, '0');
  const scope = register?.name ?? `${event.register ?? 'unused'}_at_${offset}`;
  const value = register ? meant(register, event.value) : event.value;
  const bits = 8 * event.bytes;
  return [
    [scopes.signal(scope, register ? scope : `${scope}_${bits}`, bits), value.toString(2)],
    ...(register?.fields ?? []).map(
      (field) => [scopes.signal(scope, field.name, field.bits), extract(field, value).toString(2)] as const,
    ),
    [scopes.signal(scope, event.kind, 0), '1'],
  ];
}

function written({ bits, code }: Signal, value: string): string {
  return bits <= 1 ? `${value}${code}` : `b${value} ${code}`;
}

/** Signals by scope and name, each with a code of printable characters. */
class Scopes {
  readonly #scopes = new Map<string, Map<string, Signal>>();
  readonly #pulses = new Set<Signal>();
  #count = 0;

  /** The signal of that name, a new one when there is none; one name with different widths are two signals. */
  signal(scope: string, name: string, bits: number): Signal {
    const within = this.#scopes.get(scope) ?? new Map<string, Signal>();
    this.#scopes.set(scope, within);
    const key = `${name}\0${bits}`;
    const known = within.get(key);
    if (known) return known;
    const taken = new Set([...within.values()].map((one) => one.name));
    const made = { code: codeOf(this.#count++), name: unused(identifier(name), taken), bits, value: 'x' };
    within.set(key, made);
    return made;
  }

  /** A signal of one bit that is 1 for a moment. */
  pulse(scope: string, name: string): Signal {
    const signal = this.signal(scope, name, 1);
    if (!this.#pulses.has(signal)) signal.value = '0';
    this.#pulses.add(signal);
    return signal;
  }

  isPulse(signal: Signal): boolean {
    return this.#pulses.has(signal);
  }

  /** All signals that are no events. */
  get valued(): Signal[] {
    return [...this.#scopes.values()].flatMap((scope) => [...scope.values()].filter(({ bits }) => bits > 0));
  }

  declarations(): string[] {
    const taken = new Set<string>();
    return [...this.#scopes].flatMap(([scope, signals]) => {
      const name = unused(identifier(scope), taken);
      taken.add(name);
      const vars = [...signals.values()].map(({ code, name, bits }) => {
        const range = bits > 1 ? ` [${bits - 1}:0]` : '';
        return `$var ${bits === 0 ? 'event 1' : `reg ${bits}`} ${code} ${name}${range} $end`;
      });
      return [`$scope module ${name} $end`, ...vars, '$upscope $end'];
    });
  }
}

/** Identifier codes: the printable characters `!` to `~`, as digits. */
function codeOf(number: number): string {
  const digit = String.fromCharCode(33 + (number % 94));
  return number < 94 ? digit : digit + codeOf(Math.floor(number / 94) - 1);
}

/** A name as a simple identifier of Verilog. */
function identifier(name: string): string {
  return name
    .replaceAll(/\W/g, '_')
    .replace(/^(?!\p{L}|_)/u, '_')
    .slice(0, 200);
}

function unused(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name}_${number}`;
  return free;
}
