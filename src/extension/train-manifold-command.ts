import { randomUUID } from 'node:crypto';
import { l10n, ProgressLocation, window, workspace, type LogOutputChannel } from 'vscode';
import type { EngineChoice, ManifoldProgress } from '../protocol/worker-protocol.ts';
import { duration } from '../report/wording.ts';
import { offerConfig } from './create-config.ts';
import { chooseModel } from './model-picker.ts';
import { showProblem } from './problems.ts';
import { isTrusted } from './audit-command.ts';
import { WorkerProcess, type WorkerOptions } from './worker-process.ts';
import { modelAt } from './workspace-models.ts';

/**
 * "Assay: Train Manifold": learns the manifold that the model's configuration describes, in a process
 * of its own. Cancelling pauses it: the same command goes on from the last checkpoint.
 */
export async function trainManifold(
  argument: unknown,
  log: LogOutputChannel,
  workerOptions: WorkerOptions,
): Promise<void> {
  try {
    const uri = await chooseModel(
      argument,
      l10n.t('For which model should the manifold be trained?'),
    );
    if (uri === undefined) return;
    const model = await modelAt(uri);
    if (!(await isTrusted())) return;
    const { configPath } = model;
    if (configPath === undefined) {
      await offerConfig(model);
      return;
    }
    const engine = workspace.getConfiguration('assay', uri).get<EngineChoice>('engine', 'auto');
    await train(configPath, engine, log, workerOptions);
  } catch (error) {
    await showProblem(error, log);
  }
}

async function train(
  configPath: string,
  engine: EngineChoice,
  log: LogOutputChannel,
  workerOptions: WorkerOptions,
): Promise<void> {
  const worker = await WorkerProcess.start(workerOptions);
  try {
    const { state } = await window.withProgress(
      {
        location: ProgressLocation.Notification,
        title: l10n.t('Training the manifold'),
        cancellable: true,
      },
      async (progress, token) => {
        let shown = 0;
        return await worker.trainManifold(
          { trainingId: randomUUID(), configPath, engine },
          event => {
            const share = (100 * event.step) / event.steps;
            progress.report({ message: describe(event), increment: share - shown });
            shown = share;
          },
          token,
        );
      },
    );
    log.info(`Training of the manifold of ${configPath}: ${state}.`);
    if (state === 'trained') {
      void window.showInformationMessage(
        l10n.t(
          'The manifold is trained. The next audit searches natural adversaries and corrects.',
        ),
      );
    }
  } finally {
    await worker.shutDown();
  }
}

/** `step 300 of 3000 · held-out error 10.2 · about 2 min left` */
function describe({ step, steps, secondsLeft, losses }: ManifoldProgress): string {
  return [
    l10n.t('step {0} of {1}', step, steps),
    ...(losses === undefined
      ? []
      : [l10n.t('held-out error {0}', losses.heldOutError.toPrecision(3))]),
    ...(secondsLeft === undefined ? [] : [l10n.t('about {0} left', duration(secondsLeft))]),
  ].join(' · ');
}
