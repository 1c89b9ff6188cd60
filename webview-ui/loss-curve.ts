import { css, html, LitElement, nothing, svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { sharedStyles } from './shared-styles.ts';

/** Size of the drawing in its own units, and the space for its labels. */
const [width, height] = [180, 64];

/** One loss over the steps of a training. */
@customElement('assay-loss-curve')
export class LossCurve extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      figure {
        margin: 0;
      }
      figcaption {
        display: flex;
        justify-content: space-between;
        gap: 12px;
        width: 180px;
      }
      svg {
        display: block;
        width: 180px;
        height: 64px;
        margin-top: 6px;
        overflow: visible;
      }
      .axis {
        stroke: var(--vscode-panel-border, var(--vscode-widget-border, currentColor));
        fill: none;
      }
      .line {
        stroke: var(--vscode-charts-blue, var(--vscode-textLink-foreground));
        stroke-width: 1.5;
        fill: none;
        stroke-linejoin: round;
      }
      .last {
        fill: var(--vscode-charts-blue, var(--vscode-textLink-foreground));
      }
    `,
  ];

  @property() accessor name = '';
  @property() accessor explanation = '';
  @property({ attribute: false }) accessor points: readonly {
    readonly step: number;
    readonly value: number;
  }[] = [];
  /** Steps at the right end. */
  @property({ type: Number }) accessor steps = 1;

  override render(): unknown {
    const [first] = this.points;
    const last = this.points.at(-1);
    if (first === undefined || last === undefined) return nothing;
    const values = this.points.map(({ value }) => value);
    const lowest = Math.min(0, ...values);
    const highest = Math.max(lowest + Number.EPSILON, ...values);
    const places = this.points.map(({ step, value }) => [
      (width * step) / Math.max(1, this.steps),
      height - (height * (value - lowest)) / (highest - lowest),
    ]);
    const [x = 0, y = 0] = places.at(-1) ?? [];
    const text = `${this.name}: ${first.value.toPrecision(3)} at step ${first.step}, ${last.value.toPrecision(3)} at step ${last.step}`;
    return html`<figure title=${this.explanation}>
      <figcaption>
        <span>${this.name}</span><span class="quiet number">${last.value.toPrecision(3)}</span>
      </figcaption>
      <svg viewBox="0 0 ${width} ${height}" role="img" aria-label=${text}>
        ${svg`<path class="axis" d="M0,0 V${height} H${width}" />
          <polyline class="line" points=${places.map(place => place.join()).join(' ')} />
          <circle class="last" cx=${x} cy=${y} r="2.5" />`}
      </svg>
    </figure>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-loss-curve': LossCurve;
  }
}
