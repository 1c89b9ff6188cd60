import { fork } from 'node:child_process';
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';

/** Talks to a process that is started from a bundle, and ends it. */
export async function talkTo<T>(
  bundle: string,
  args: readonly string[],
  talk: (connection: MessageConnection) => Promise<T>,
): Promise<T> {
  const child = fork(bundle, args, { execArgv: [] });
  const connection = createMessageConnection(
    new IPCMessageReader(child),
    new IPCMessageWriter(child),
  );
  connection.listen();
  try {
    return await talk(connection);
  } finally {
    connection.dispose();
    child.kill();
  }
}
