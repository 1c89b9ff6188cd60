/** Addresses, as the webview sees them, of the files that the panel is made of. */
export interface PanelAssets {
  readonly script: string;
  readonly style: string;
  /** Style sheet of the icon font. */
  readonly icons: string;
  /** Source of local files, for the content security policy. */
  readonly contentSource: string;
}

/**
 * The page of the panel. Nothing but its own script, styles and icon font may load; nothing is
 * fetched, and no inline style or script runs.
 *
 * @param nonce fresh random value in base64
 * @param modelUri what the panel keeps to be restored by
 */
export function panelHtml(
  assets: PanelAssets,
  nonce: string,
  modelUri: string,
  language: string,
): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${assets.contentSource}`,
    `font-src ${assets.contentSource}`,
  ].join('; ');
  // The elements of the icon library look for their style sheet by this id.
  return `<!DOCTYPE html>
<html lang="${escapeAttribute(language)}">
  <head>
    <meta charset="UTF-8" />
    <meta http-equiv="Content-Security-Policy" content="${escapeAttribute(policy)}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <link rel="stylesheet" href="${escapeAttribute(assets.icons)}" id="vscode-codicon-stylesheet" />
    <link rel="stylesheet" href="${escapeAttribute(assets.style)}" />
    <title>Assay</title>
  </head>
  <body data-model-uri="${escapeAttribute(modelUri)}">
    <script defer nonce="${escapeAttribute(nonce)}" src="${escapeAttribute(assets.script)}"></script>
  </body>
</html>
`;
}

function escapeAttribute(value: string): string {
  return value.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`);
}
