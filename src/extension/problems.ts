import { l10n, window, type LogOutputChannel } from 'vscode';
import { describeError } from '../errors/assay-error.ts';

/** Something that the user may do about a problem. */
export interface Remedy {
  readonly title: string;
  readonly run: () => void | Promise<void>;
}

/**
 * Tells the user what went wrong, in words and with what can be done about it; the details of an
 * error that is not ours go to the log. Resolves when the message is answered or gone.
 */
export async function showProblem(
  error: unknown,
  log: LogOutputChannel,
  remedies: readonly Remedy[] = [],
): Promise<void> {
  const description = describeError(error);
  log.error(description);
  if (error instanceof Error && error.stack !== undefined) log.debug(error.stack);
  const showLog = { title: l10n.t('Show Log'), run: () => log.show(true) };
  const chosen = await window.showErrorMessage(description, ...remedies, showLog);
  await chosen?.run();
}
