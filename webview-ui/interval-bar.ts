import { css, html, nothing, svg } from 'lit';

/** What an {@link intervalBar} looks like; its width is set where it stands. */
export const intervalBarStyles = css`
  .interval-bar {
    height: 12px;
    vertical-align: middle;
  }
  .track {
    fill: var(--vscode-editorWidget-background, transparent);
    stroke: var(--vscode-widget-border, var(--vscode-panel-border));
  }
  .interval {
    fill: var(--vscode-charts-blue, var(--vscode-textLink-foreground));
    opacity: 0.45;
  }
  .value {
    fill: var(--vscode-charts-blue, var(--vscode-textLink-foreground));
  }
`;

/** A value in [0, 1] with its interval. */
export interface IntervalValue {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
}

/**
 * An interval as a bar from 0 to 1 with the value as a mark.
 *
 * @param label what it says; without one it is hidden from screen readers, for numbers beside it
 * @param middle draws a line at one half, where chance is
 */
export function intervalBar(
  { value, lower, upper }: IntervalValue,
  { label, middle = false }: { readonly label?: string; readonly middle?: boolean } = {},
): unknown {
  return html`<svg
    class="interval-bar"
    viewBox="0 0 100 10"
    preserveAspectRatio="none"
    role=${label === undefined ? nothing : 'img'}
    aria-label=${label ?? nothing}
    aria-hidden=${label === undefined ? 'true' : nothing}
  >
    ${label === undefined ? nothing : svg`<title>${label}</title>`}
    ${svg`<rect class="track" x="0" y="1" width="100" height="8" />
      ${middle ? svg`<path class="track" d="M50,0 V10" />` : nothing}
      <rect class="interval" x=${100 * lower} y="1" width=${100 * (upper - lower)} height="8" />
      <rect class="value" x=${Math.min(98.5, 100 * value - 0.75)} y="0" width="1.5" height="10" />`}
  </svg>`;
}
