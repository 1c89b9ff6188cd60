/** Where a problem lies, as far as it is known. Every part is optional; none is a stack frame. */
export interface ProblemPlace {
  /** Path of the file, as the user would write it. */
  readonly file?: string;
  /** Name of the field, layer, op, tensor or array inside the file. */
  readonly field?: string;
  /** Line in the file, counted from 1. */
  readonly line?: number;
  /** Column in the line, counted from 1. */
  readonly column?: number;
  /** Index or id of the sample. */
  readonly sample?: number | string;
}

/** What makes an error useful: what is wrong (the message), where, and what to do about it. */
export interface ProblemDetails {
  readonly place?: ProblemPlace;
  /** One sentence in the imperative that tells the user how to go on. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/**
 * Base class of every error that a user may meet. `code` is stable and machine readable
 * (`model/shard-missing`); `message` is a full sentence without place or remedy, and
 * {@link describeError} puts the three together.
 */
export abstract class AssayError extends Error {
  abstract readonly code: string;
  readonly place: ProblemPlace;
  readonly remedy: string | undefined;

  constructor(message: string, details: ProblemDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.place = details.place ?? {};
    this.remedy = details.remedy;
  }
}

function describePlace(place: ProblemPlace): string {
  const position = [place.file, place.line, place.column].filter(part => part !== undefined);
  const parts = [
    ...(position.length > 0 ? [position.join(':')] : []),
    ...(place.field === undefined ? [] : [place.field]),
    ...(place.sample === undefined ? [] : [`sample ${place.sample}`]),
  ];
  return parts.join(', ');
}

/**
 * One readable paragraph for any thrown value: where, what, and what to do. Never a stack trace.
 * An error that is not ours is shown by its message and called unexpected, so that it gets reported.
 */
export function describeError(error: unknown): string {
  if (error instanceof AssayError) {
    const place = describePlace(error.place);
    const remedy = error.remedy === undefined ? '' : ` ${error.remedy}`;
    return `${place === '' ? '' : `${place}: `}${error.message}${remedy}`;
  }
  const message = error instanceof Error ? error.message : String(error);
  return `Unexpected problem: ${message}`;
}
