/** What the extension tells the language server beyond the language server protocol. */

/** Parameters of {@link auditsMethod}. */
export interface AuditsParams {
  /** URIs of the models whose audit waits or runs, as `model.json` documents are named. */
  readonly modelUris: readonly string[];
}

/**
 * Method of the notification that the audits that wait or run have changed: their lenses offer to
 * cancel instead of to run. A name and no type of vscode-jsonrpc, of which the client library and
 * the server library bring a version each.
 */
export const auditsMethod = 'assay/audits';

/** Commands that a lens or a link may run; the client has to know them. Each takes a URI. */
export const lensCommands = {
  /** Takes the URI of a `model.json`. */
  audit: 'assay.auditModel',
  /** Takes the URI of a `model.json`. */
  cancel: 'assay.cancelAudit',
  /** Takes the URI of a `model.json`. */
  openReport: 'assay.openReport',
} as const;
