import { l10n, ProgressLocation, window, workspace } from 'vscode';
import type { ManifoldTrainingState } from '../protocol/panel-protocol.ts';
import { lensCommands } from '../protocol/server-protocol.ts';
import type { EngineChoice } from '../protocol/worker-protocol.ts';
import { duration } from '../report/wording.ts';
import { isTrusted, type AuditServices } from './audit-command.ts';
import { offerConfig } from './create-config.ts';
import type { ManifoldTrainings } from './manifold-trainings.ts';
import { chooseModel } from './model-picker.ts';
import { showProblem, type Remedy } from './problems.ts';
import { runCommand } from './run-command.ts';
import { WorkerError } from './worker-error.ts';
import { modelAt, modelName, type WorkspaceModel } from './workspace-models.ts';

/** What the command works with. */
export interface TrainingServices extends AuditServices {
  readonly trainings: ManifoldTrainings;
}

/**
 * "Assay: Train Manifold": learns the manifold that the model's configuration describes, and shows how
 * it goes in the model's panel. The same command goes on with a training that was interrupted.
 *
 * @param argument what a menu or the panel gives: the URI of a `model.json`, or nothing
 */
export async function trainManifold(argument: unknown, services: TrainingServices): Promise<void> {
  try {
    const uri = await chooseModel(
      argument,
      l10n.t('For which model should the manifold be trained?'),
    );
    if (uri === undefined) return;
    const model = await modelAt(uri);
    if (!(await isTrusted())) return;
    if (model.configPath === undefined) await offerConfig(model);
    else await train(model, model.configPath, services);
  } catch (error) {
    await showProblem(error, services.log);
  }
}

async function train(
  model: WorkspaceModel,
  configPath: string,
  services: TrainingServices,
): Promise<void> {
  const { trainings, panels, log } = services;
  panels.show(model.uri);
  // Asked for again: the panel shows how far it is, and whoever asked first sees it through.
  if (isRunning(trainings.of(configPath))) return;
  const engine = workspace.getConfiguration('assay', model.uri).get<EngineChoice>('engine', 'auto');
  log.info(`Training of the manifold of ${configPath} on engine ${engine}.`);
  const ending = trainings.start(configPath, engine);
  void showProgress(trainings, configPath, ending);
  try {
    const state = await ending;
    log.info(`Training of the manifold of ${configPath}: ${state}.`);
    if (state === 'trained' && !panels.isVisible(model.uri)) await offerAudit(model);
  } catch (error) {
    const again: Remedy = {
      title: l10n.t('Continue'),
      run: () => train(model, configPath, services),
    };
    await showProblem(error, log, error instanceof WorkerError ? [again] : []);
  }
}

/** The panel says the same, where it is in view. */
async function offerAudit({ uri }: WorkspaceModel): Promise<void> {
  const audit = l10n.t('Run Audit');
  const chosen = await window.showInformationMessage(
    l10n.t(
      'The manifold of {0} is trained. An audit now searches natural adversaries and corrects.',
      modelName(uri),
    ),
    audit,
  );
  if (chosen === audit) await runCommand(lensCommands.audit, uri);
}

/** A notification whose button pauses; ends with the training. */
async function showProgress(
  trainings: ManifoldTrainings,
  configPath: string,
  ending: Promise<unknown>,
): Promise<void> {
  await window.withProgress(
    {
      location: ProgressLocation.Notification,
      title: l10n.t('Training the manifold'),
      cancellable: true,
    },
    async (progress, token) => {
      token.onCancellationRequested(() => trainings.pause(configPath));
      let shown = 0;
      const subscription = trainings.onDidChange(path => {
        const training = trainings.of(configPath);
        if (path !== configPath || training === undefined || training.steps === 0) return;
        const share = Math.max(shown, (100 * training.step) / training.steps);
        progress.report({ message: describe(training), increment: share - shown });
        shown = share;
      });
      // How it ended, whoever started it tells.
      await ending.catch(() => undefined);
      subscription.dispose();
    },
  );
}

function isRunning(training: ManifoldTrainingState | undefined): boolean {
  return training?.state === 'running' || training?.state === 'stopping';
}

/** `step 300 of 3000 · held-out error 10.2 · about 2 min left` */
function describe({ step, steps, secondsLeft, history }: ManifoldTrainingState): string {
  const losses = history.at(-1);
  return [
    l10n.t('step {0} of {1}', step, steps),
    ...(losses === undefined
      ? []
      : [l10n.t('held-out error {0}', losses.heldOutError.toPrecision(3))]),
    ...(secondsLeft === undefined ? [] : [l10n.t('about {0} left', duration(secondsLeft))]),
  ].join(' · ');
}
