import { css } from 'lit';

/** What every part of the panel looks like: the editor's own colours and nothing else. */
export const sharedStyles = css`
  :host {
    color: var(--vscode-foreground);
    font-family: var(--vscode-font-family);
    font-size: var(--vscode-font-size);
  }
  h2 {
    font-size: 1em;
    font-weight: 600;
    margin: 0 0 6px;
  }
  p {
    margin: 0 0 6px;
  }
  details[open] > summary {
    padding-bottom: 6px;
  }
  .quiet {
    color: var(--vscode-descriptionForeground);
  }
  .number {
    font-variant-numeric: tabular-nums;
    text-align: right;
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  :focus-visible {
    outline: 1px solid var(--vscode-focusBorder);
    outline-offset: -1px;
  }
`;

/** Tables of numbers whose first column names the rows. */
export const tableStyles = css`
  table {
    border-collapse: collapse;
    white-space: nowrap;
  }
  caption {
    text-align: left;
    font-weight: 600;
    padding-bottom: 4px;
    white-space: normal;
  }
  th,
  td {
    padding: 2px 12px 2px 0;
    text-align: right;
    font-weight: normal;
    border-bottom: 1px solid var(--vscode-panel-border, var(--vscode-widget-border));
  }
  th:first-child {
    text-align: left;
  }
  /* In a narrow panel headings and names wrap, and an interval goes below its figure. */
  th,
  td.number {
    white-space: normal;
  }
  td.number > span {
    white-space: nowrap;
  }
  thead th {
    vertical-align: bottom;
  }
  th[scope='row'] {
    min-width: 12ch;
  }
  @media (width < 720px) {
    th,
    td {
      padding-right: 8px;
    }
    th[scope='row'] {
      min-width: 10ch;
    }
  }
  @media (width < 480px) {
    th,
    td {
      padding-right: 4px;
    }
  }
`;

/** How far something is, as a thin line. */
export const progressStyles = css`
  progress {
    width: 100%;
    height: 4px;
    appearance: none;
    border: 0;
    background: var(--vscode-editorWidget-background, transparent);
  }
  progress::-webkit-progress-bar {
    background: var(--vscode-editorWidget-background, transparent);
  }
  progress::-webkit-progress-value {
    background: var(--vscode-progressBar-background);
  }
`;
