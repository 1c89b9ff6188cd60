import { css, html, LitElement, nothing, svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { CalibrationRecord } from '../src/report/detection-record.ts';
import { percent, scientific } from '../src/report/wording.ts';
import { sharedStyles } from './shared-styles.ts';

/** Side of the drawing in its own units. */
const side = 140;

/** Accuracy against confidence in bins: a model that knows how right it is follows the diagonal. */
@customElement('assay-reliability-diagram')
export class ReliabilityDiagram extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      figure {
        margin: 0;
        max-width: 280px;
      }
      figcaption {
        font-weight: 600;
        padding-bottom: 4px;
      }
      svg {
        display: block;
        width: 140px;
        height: 140px;
      }
      .axis {
        stroke: var(--vscode-widget-border, var(--vscode-descriptionForeground));
        fill: none;
      }
      .accuracy {
        fill: var(--vscode-charts-blue, var(--vscode-textLink-foreground));
        opacity: 0.6;
      }
      .confidence {
        stroke: var(--vscode-foreground);
        stroke-width: 2;
      }
    `,
  ];

  @property({ attribute: false }) accessor calibration: CalibrationRecord | undefined;
  @property() accessor name = '';

  override render(): unknown {
    const { calibration, name } = this;
    if (calibration === undefined) return nothing;
    const filled = calibration.bins.filter(({ count }) => count > 0);
    const words = filled
      .map(
        ({ count, confidence, accuracy }) =>
          `${count} answers of confidence ${percent(confidence)} are ${percent(accuracy)} right`,
      )
      .join('; ');
    return html`<figure>
      <figcaption>${name}, ECE ${scientific(calibration.expectedError)}</figcaption>
      <svg viewBox="0 0 ${side} ${side}" role="img" aria-label=${words}>
        ${svg`<path class="axis" d="M0,0 V${side} H${side}" />
          <path class="axis" d="M0,${side} L${side},0" stroke-dasharray="2 3" />
          ${filled.map(({ lower, upper, confidence, accuracy }) => {
            const x = side * lower;
            const across = side * (upper - lower);
            const top = side * (1 - (accuracy ?? 0));
            const mark = side * (1 - (confidence ?? 0));
            return svg`<rect class="accuracy" x=${x} y=${top} width=${across} height=${side - top} />
              <path class="confidence" d="M${x},${mark} h${across}" />`;
          })}`}
      </svg>
      <span class="quiet">Accuracy against confidence; lines: mean confidence</span>
    </figure>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-reliability-diagram': ReliabilityDiagram;
  }
}
