import { commands, type Uri } from 'vscode';

/** Runs one of the extension's own commands on a file, and waits for it. */
export async function runCommand(command: string, uri: Uri): Promise<void> {
  await commands.executeCommand(command, uri);
}
