import { css, html, LitElement, svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { sharedStyles } from './shared-styles.ts';

/** Size of the drawing in its own units; what it says in words is its label. */
const width = 96;
const height = 20;

/** How the scores of one condition are spread: a bar for each bin, clean samples as an outline. */
@customElement('assay-score-histogram')
export class ScoreHistogram extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: inline-block;
      }
      svg {
        display: block;
        width: 96px;
        height: 20px;
      }
      .bar {
        fill: var(--vscode-charts-blue, var(--vscode-textLink-foreground));
      }
      .clean {
        fill: none;
        stroke: var(--vscode-foreground);
        stroke-width: 1;
      }
    `,
  ];

  /** Samples in each bin. */
  @property({ attribute: false }) accessor counts: readonly number[] = [];
  /** The same of the clean samples, to be compared with. */
  @property({ attribute: false }) accessor clean: readonly number[] = [];
  @property() accessor label = '';

  override render(): unknown {
    const bars = heights(this.counts);
    const outline = heights(this.clean);
    const step = width / Math.max(1, bars.length);
    const path = outline
      .map((bar, i) => `L${i * step},${height - bar} H${(i + 1) * step}`)
      .join(' ');
    return html`<svg
      viewBox="0 0 ${width} ${height}"
      preserveAspectRatio="none"
      role="img"
      aria-label=${this.label}
    >
      ${svg`${bars.map(
        (bar, i) =>
          svg`<rect class="bar" x=${i * step} y=${height - bar} width=${step} height=${bar} />`,
      )}
        <path class="clean" d="M0,${height} ${path} V${height}" />`}
    </svg>`;
  }
}

/** Shares of the samples, the tallest as high as the drawing. */
function heights(counts: readonly number[]): number[] {
  const largest = Math.max(1, ...counts);
  return counts.map(count => (height * count) / largest);
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-score-histogram': ScoreHistogram;
  }
}
