import { css, html, LitElement, type PropertyValues } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { paintDifference, paintImage, paintSaliency } from './painting.ts';

/** An input drawn as a picture; with `reference`, what was changed of that. */
@customElement('assay-picture')
export class Picture extends LitElement {
  static override styles = css`
    :host {
      display: inline-block;
      width: var(--picture-size, 48px);
      height: var(--picture-size, 48px);
    }
    canvas {
      width: 100%;
      height: 100%;
      object-fit: contain;
      image-rendering: pixelated;
      border: 1px solid var(--vscode-widget-border, var(--vscode-contrastBorder, transparent));
      box-sizing: border-box;
    }
  `;

  /** Values in input units, `[height, width, channels]`; undefined while they are on their way. */
  @property({ attribute: false }) accessor values: Float32Array | undefined;
  @property({ attribute: false }) accessor reference: Float32Array | undefined;
  /** How a change is shown: amplified with its sign, or where it is, over what was changed. */
  @property() accessor change: 'difference' | 'saliency' = 'difference';
  @property({ attribute: false }) accessor shape: readonly number[] = [];
  @property({ attribute: false }) accessor bounds: readonly [number, number] = [0, 1];
  /** What the picture shows, for those who cannot see it. */
  @property() accessor label = '';

  override render(): unknown {
    return html`<canvas role="img" aria-label=${this.label}></canvas>`;
  }

  override updated(_changed: PropertyValues): void {
    const canvas = this.renderRoot.querySelector('canvas');
    const { values, reference, shape, bounds } = this;
    if (canvas === null || values === undefined) return;
    const [height = 0, width = 0, channels = 1] = shape;
    if (height * width * channels !== values.length || values.length === 0) return;
    canvas.width = width;
    canvas.height = height;
    const pixels =
      reference === undefined
        ? paintImage(values, channels, bounds)
        : this.change === 'saliency'
          ? paintSaliency(values, reference, channels, bounds)
          : paintDifference(values, reference, channels);
    canvas.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-picture': Picture;
  }
}
