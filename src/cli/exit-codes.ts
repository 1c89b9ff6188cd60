/** What the command line tool tells its caller. */
export const exitCodes = {
  /** Every requirement is met. */
  met: 0,
  /** A requirement is missed. */
  missed: 1,
  /** The audit could not be done: wrong usage, configuration, model or data, or cancelled. */
  impossible: 2,
} as const;
