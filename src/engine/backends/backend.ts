import type { EngineName } from '../engine.ts';

/** A TensorFlow.js backend that is registered, set up and right: what an eager engine runs on. */
export interface Backend {
  /** Name of the engine that it makes. */
  readonly engine: EngineName;
  /** Name under which TensorFlow.js knows it. */
  readonly backendName: string;
  /** Library and version, for the report. */
  readonly version: string;
  /** Whether a row comes out bit for bit the same whatever else is in the batch. */
  readonly rowsAreExact: boolean;
}
