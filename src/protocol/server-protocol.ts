import { NotificationType } from 'vscode-jsonrpc';

/** What the extension tells the language server beyond the language server protocol. */

export interface AuditsParams {
  /** URIs of the models whose audit waits or runs, as `model.json` documents are named. */
  readonly modelUris: readonly string[];
}

/** The audits that wait or run have changed: their lenses offer to cancel instead of to run. */
export const AuditsNotification = new NotificationType<AuditsParams>('assay/audits');

/** Commands that a lens or a link may run; the client has to know them. Each takes a URI. */
export const lensCommands = {
  /** Takes the URI of a `model.json`. */
  audit: 'assay.auditModel',
  /** Takes the URI of a `model.json`. */
  cancel: 'assay.cancelAudit',
  /** Takes the URI of a `model.json`. */
  openReport: 'assay.openReport',
} as const;
