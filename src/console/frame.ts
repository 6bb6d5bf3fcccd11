// SPDX-License-Identifier: Apache-2.0
// Frames of a stack trace: '%pS' of lib/vsprintf.c as printed by arch/x86/kernel/dumpstack.c,
// arch/arm64/kernel/stacktrace.c, arch/riscv/kernel/stacktrace.c and kernel/stacktrace.c.

export interface Frame {
  /** The function; for an address with no symbol (a module already unloaded) the address itself, '0x…'. */
  fn: string;
  offset: number;
  size: number;
  module?: string;
  /** True if the place is the instruction itself (a register dump), not where a call returns to. */
  exact?: true;
  /** True for what ran when the interrupt came in which the rest happened: not a caller of it. */
  interrupted?: true;
  /** True for '? ' frames: found on the stack, but not proved to be a caller. */
  uncertain: boolean;
  address?: bigint;
  /** Source line, when the log already names it (decode_stacktrace.sh, allocation profiling). */
  file?: string;
  line?: number;
}

/** A titled stack other than the one of the event: where a lock was taken before, who raced, … */
export interface Stack {
  title: string;
  frames: Frame[];
}

const symbol =
  /^([\w.$<>:@-]{1,512})\+0x([0-9a-f]{1,16})\/0x([0-9a-f]{1,16})(?: \[([\w-]{1,64})(?: [0-9a-f]{8,64})?\])?/;
const lead = /^\s{0,40}(\? )?(?:\[<([0-9a-f]{8,16})>\] )?(\? )?/;
// arm64 marks frames from exception entry and the like with letters, for instance ' (P)'.
const trail = /^(?: \([A-Z]{1,6}\))?\s*$/;
const bare = /^(?:0x)?([0-9a-f]{8,16})\s*$/;
// kernel/irq/spurious.c lists handlers as '[<address>] fn [mod]'.
const named = /^([\w.$]{1,512})(?: \[([\w-]{1,64})\])?(?: threaded .{1,300})?\s*$/;
const decoded =
  /^([\w.$]{1,512}) \(([^\s:()]{1,300}):(\d{1,7})(?: \(discriminator \d{1,6}\))?\)(?: ([\w-]{1,64}))?\s*$/;

/** One line of a stack trace, or undefined if the line is something else. */
export function parseFrame(text: string): Frame | undefined {
  const start = lead.exec(text);
  if (!start) return undefined;
  const rest = text.slice(start[0].length);
  const uncertain = start[1] !== undefined || start[3] !== undefined;
  const address = start[2] === undefined ? {} : { address: BigInt(`0x${start[2]}`) };
  const match = symbol.exec(rest);
  if (match) {
    if (!trail.test(rest.slice(match[0].length))) return undefined;
    return { ...fromSymbol(match), uncertain, ...address };
  }
  const source = rest.includes(' (') ? decoded.exec(rest) : null;
  if (source) {
    const [, fn = '', file = '', line, module] = source;
    const inModule = module === undefined ? {} : { module };
    return { fn, offset: 0, size: 0, ...inModule, uncertain, ...address, file, line: Number(line) };
  }
  const handler = start[2] === undefined || rest.startsWith('0x') ? null : named.exec(rest);
  if (handler) {
    const [, fn = '', module] = handler;
    return { fn, offset: 0, size: 0, ...(module !== undefined && { module }), uncertain, ...address };
  }
  const raw = rest.startsWith('0x') ? bare.exec(rest) : null;
  if (raw) {
    return { fn: `0x${raw[1] ?? ''}`, offset: 0, size: 0, uncertain, address: BigInt(`0x${raw[1] ?? '0'}`) };
  }
  return undefined;
}

/** The symbol that starts the text ('fn+0x1c/0x60 [mod]'), whatever follows it. */
export function parseSymbol(text: string): Frame | undefined {
  const match = symbol.exec(text);
  return match ? { ...fromSymbol(match), uncertain: false } : undefined;
}

/** The instruction pointer of a register dump: 'RIP: 0010:fn+…' (x86), 'pc : fn+…' (arm64), 'epc : fn+…' (riscv). */
export function parseInstructionPointer(text: string): Frame | undefined {
  const match = /^(?:[RE]IP: (?:[0-9a-f]{4}:)?|e?pc : )(?:\[<[0-9a-f]{8,16}>\] )?/.exec(text);
  if (!match) return undefined;
  const rest = text.slice(match[0].length);
  const frame = parseSymbol(rest);
  if (frame) return { ...frame, exact: true };
  // A jump to a bad address leaves the address alone: 'RIP: 0010:0x0'.
  const raw = /^0x([0-9a-f]{1,16})\s*$/.exec(rest);
  // In user space the address has no symbol either; the kernel's code segment is 0010.
  if (!raw || text.startsWith('RIP: 0033:')) return undefined;
  return {
    fn: `0x${raw[1] ?? ''}`,
    offset: 0,
    size: 0,
    uncertain: false,
    address: BigInt(`0x${raw[1] ?? '0'}`),
  };
}

function fromSymbol(match: RegExpExecArray): Omit<Frame, 'uncertain'> {
  const [, fn = '', offset = '0', size = '0', module] = match;
  const frame = { fn, offset: Number.parseInt(offset, 16), size: Number.parseInt(size, 16) };
  return module === undefined ? frame : { ...frame, module };
}

/** 'fn+0x1c [mod]', as people write it. */
export function frameName(frame: Frame): string {
  const place = frame.offset === 0 ? frame.fn : `${frame.fn}+0x${frame.offset.toString(16)}`;
  return frame.module === undefined ? place : `${place} [${frame.module}]`;
}
