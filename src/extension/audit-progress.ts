import { l10n, ProgressLocation, window, type Progress } from 'vscode';
import { duration } from '../report/wording.ts';
import type { AuditRun, AuditRuns } from './audit-runs.ts';

/** Shows the progress of a run as a notification whose button cancels it; ends with the run. */
export async function showProgress(
  runs: AuditRuns,
  modelPath: string,
  name: string,
): Promise<void> {
  await window.withProgress(
    {
      location: ProgressLocation.Notification,
      title: l10n.t('Auditing {0}', name),
      cancellable: true,
    },
    async (progress, token) => {
      token.onCancellationRequested(() => runs.cancel(modelPath));
      const report = reporter(progress);
      const subscription = runs.onDidChange(run => {
        if (run.request.modelPath === modelPath) report(run);
      });
      const run = runs.runOf(modelPath);
      if (run !== undefined) report(run);
      // How it ended, whoever started it tells.
      await run?.ending.catch(() => undefined);
      subscription.dispose();
    },
  );
}

/** VS Code wants steps, the run says how far it is. */
function reporter(progress: Progress<{ message: string; increment: number }>) {
  let shown = 0;
  return (run: AuditRun): void => {
    const fraction = Math.max(shown, run.progress.fraction);
    progress.report({ message: describeRun(run), increment: 100 * (fraction - shown) });
    shown = fraction;
  };
}

/** `C&W L2 (quick) · 43% · about 12 s left` */
export function describeRun({ state, progress }: AuditRun): string {
  if (state === 'waiting') return l10n.t('waiting for the audit before it');
  if (state === 'cancelling') return l10n.t('cancelling…');
  const { phase, fraction, secondsLeft } = progress;
  return [
    phase === '' ? l10n.t('starting…') : phase,
    `${Math.floor(100 * fraction)}%`,
    ...(secondsLeft === undefined ? [] : [l10n.t('about {0} left', duration(secondsLeft))]),
  ].join(' · ');
}
