// SPDX-License-Identifier: Apache-2.0

/** What a compiler says of a line. */
export interface Diagnostic {
  file: string;
  line: number;
  severity: 'error' | 'warning';
  message: string;
}

const pattern = /^(?:\/work\/)?([^\s:]+):(\d+):(?:\d+:)? (?:fatal )?(error|warning): (.*)$/;

/** gcc's and sparse's diagnostics in a build's output, in order, each once. */
export function parseDiagnostics(output: string): Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  for (const line of output.split('\n')) {
    const match = pattern.exec(line);
    if (!match || found.size >= 50) continue;
    const [, file, number, severity, message] = match as unknown as [
      string,
      string,
      string,
      'error' | 'warning',
      string,
    ];
    const key = `${file}:${number}:${message}`;
    found.set(key, { file, line: Number(number), severity, message: message.slice(0, 300) });
  }
  return [...found.values()];
}
