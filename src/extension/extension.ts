import { commands, l10n, Uri, window, type ExtensionContext } from 'vscode';
import { lensCommands } from '../protocol/server-protocol.ts';
import type { AssayApi } from './assay-api.ts';
import { auditModel } from './audit-command.ts';
import { AuditPanels } from './audit-panels.ts';
import { AuditRuns } from './audit-runs.ts';
import { cancelAudit } from './cancel-command.ts';
import { createConfig } from './create-config.ts';
import { exportGuard } from './export-guard-command.ts';
import { LazyLanguageServer } from './lazy-language-server.ts';
import { ManifoldTrainings } from './manifold-trainings.ts';
import { MenuContext } from './menu-context.ts';
import { openReport } from './report-command.ts';
import { StatusItem } from './status-item.ts';
import { trainManifold } from './train-manifold-command.ts';
import { locateModel } from './workspace-models.ts';
import { WorkspaceReports } from './workspace-reports.ts';

const minute = 60_000;

/** What has to be waited for when the extension ends. */
let stop: (() => Promise<void>) | undefined;

export function activate(context: ExtensionContext): AssayApi {
  const began = performance.now();
  const log = window.createOutputChannel('Assay', { log: true });
  const workerOptions = {
    modulePath: context.asAbsolutePath('dist/worker.cjs'),
    log: (line: string) => log.info(`[worker] ${line}`),
    startMilliseconds: minute,
    cancelMilliseconds: 1000,
  };
  const runs = new AuditRuns({ ...workerOptions, idleMilliseconds: 5 * minute });
  const reports = new WorkspaceReports();
  const trainings = new ManifoldTrainings(workerOptions);
  const panels = new AuditPanels({
    extensionUri: context.extensionUri,
    log,
    runs,
    reports,
    trainings,
  });
  const server = new LazyLanguageServer(context.asAbsolutePath('dist/server.cjs'), log, runs);
  const services = { log, runs, reports, panels, trainings };

  runs.onDidReport(path => reports.announce(path));
  runs.onNotice(message => log.warn(message));
  context.subscriptions.push(
    log,
    reports,
    panels,
    new StatusItem(runs),
    new MenuContext(runs),
    commands.registerCommand(lensCommands.audit, (model: unknown) => auditModel(model, services)),
    commands.registerCommand(lensCommands.cancel, (model: unknown) => cancelAudit(model, runs)),
    commands.registerCommand(lensCommands.openReport, (model: unknown) =>
      openReport(model, services),
    ),
    commands.registerCommand('assay.createConfig', (model: unknown) => createConfig(model, log)),
    commands.registerCommand('assay.trainManifold', (model: unknown) =>
      trainManifold(model, services),
    ),
    commands.registerCommand('assay.exportGuard', (model: unknown, target: unknown) =>
      exportGuard(model, target, log, workerOptions),
    ),
    commands.registerCommand('assay.restartWorker', async () => {
      await runs.restartWorker();
      log.info(l10n.t('The audit process was ended; the next audit starts a new one.'));
    }),
    commands.registerCommand('assay.showLog', () => log.show()),
  );
  stop = async () => {
    await Promise.allSettled([runs.dispose(), trainings.dispose(), server.dispose()]);
  };
  server.startSoon();

  const activationMilliseconds = performance.now() - began;
  log.info(`Activated in ${activationMilliseconds.toFixed(1)} ms.`);
  return {
    activationMilliseconds,
    runs: () => runs.all,
    whenIdle: () => runs.whenIdle(),
    whenServerReady: () => server.whenReady(),
    report: async modelPath => {
      const model = await locateModel(Uri.file(modelPath));
      return reports.load(model);
    },
    workerProcessId: () => runs.workerProcessId,
    training: configPath => trainings.of(configPath),
    trainingProcessId: configPath => trainings.processIdOf(configPath),
  };
}

/** VS Code waits for this, for a few seconds. */
export async function deactivate(): Promise<void> {
  await stop?.();
}
