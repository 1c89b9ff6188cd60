import { ErrorCodes, ResponseError } from 'vscode-jsonrpc/node';
import type { WorkerErrorData } from '../protocol/worker-protocol.ts';
import { AuditFailure } from './worker-error.ts';

/** An error response of the worker as the user's words; any other error as it is. */
export function failureOf(error: unknown): unknown {
  if (!(error instanceof ResponseError)) return error;
  const data: unknown = error.data;
  if (isWorkerErrorData(data)) return new AuditFailure(data.code, data.description);
  return new AuditFailure(
    error.code === ErrorCodes.InternalError ? 'worker/internal' : `worker/rpc${error.code}`,
    `Unexpected problem: ${error.message}`,
  );
}

function isWorkerErrorData(data: unknown): data is WorkerErrorData {
  return (
    typeof data === 'object' &&
    data !== null &&
    'code' in data &&
    typeof data.code === 'string' &&
    'description' in data &&
    typeof data.description === 'string'
  );
}
