/** How a process ended. */
export interface ProcessEnd {
  /** Whether it fell over native code, and nobody ended it. */
  readonly crashed: boolean;
  /** In words that a user can act on. */
  readonly reason: string;
}

/** What the system sends to a process that does what it must not. */
const crashSignals: ReadonlySet<NodeJS.Signals> = new Set([
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGSEGV',
  'SIGTRAP',
]);

/** The least of the codes with which Windows ends a process that crashed (`STATUS_…` of severity error). */
const leastCrashCode = 0xc0000000;

/** Says how a process ended, from what `exit` tells. */
export function describeEnd(code: number | null, signal: NodeJS.Signals | null): ProcessEnd {
  if (signal === 'SIGKILL') {
    const reason =
      'it was killed (signal SIGKILL), by someone or by the system when memory ran out';
    return { crashed: false, reason };
  }
  if (signal !== null) {
    return { crashed: crashSignals.has(signal), reason: `it ended with signal ${signal}` };
  }
  // V8 aborts with 134 (SIGABRT as an exit code) when its heap is full.
  if (code === 134) {
    return { crashed: true, reason: 'it ran out of memory or aborted (exit code 134)' };
  }
  return {
    crashed: code !== null && code >= leastCrashCode,
    reason: `it ended with exit code ${code ?? 'unknown'}`,
  };
}
