import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import type { FromPanelMessage, ManifoldTrainingState } from '../src/protocol/panel-protocol.ts';
import { duration } from '../src/report/wording.ts';
import './loss-curve.ts';
import { progressStyles, sharedStyles } from './shared-styles.ts';
import { counted } from '../src/wording/counted.ts';

/** What its buttons ask for. */
export type TrainingWish = Extract<
  FromPanelMessage['kind'],
  'train' | 'pause-training' | 'cancel-training' | 'run'
>;

/** The training of a manifold while it goes on: how far it is, its losses, and what it can draw. */
@customElement('assay-training-section')
export class TrainingSection extends LitElement {
  static override styles = [
    sharedStyles,
    progressStyles,
    css`
      :host {
        display: block;
        border: 1px solid var(--vscode-panel-border, var(--vscode-widget-border));
        padding: 10px 12px;
      }
      .title {
        display: flex;
        flex-wrap: wrap;
        gap: 6px 16px;
        justify-content: space-between;
        align-items: start;
      }
      .actions {
        display: flex;
        gap: 8px;
      }
      .problem {
        color: var(--vscode-errorForeground);
      }
      .curves {
        display: flex;
        flex-wrap: wrap;
        gap: 12px 24px;
        padding-top: 10px;
      }
      .picture {
        display: grid;
        grid-template-columns: max-content minmax(0, 1fr);
        /* Its rows are one picture: a gap would show the page between them. */
        gap: 0 12px;
        align-items: center;
        padding-top: 12px;
      }
      canvas {
        display: block;
        max-width: 100%;
        height: auto;
        object-fit: contain;
        image-rendering: pixelated;
      }
    `,
  ];

  @property({ attribute: false }) accessor training: ManifoldTrainingState | undefined;
  /** The picture that is drawn. */
  #drawn: string | undefined;

  override render(): unknown {
    const { training } = this;
    if (training === undefined) return nothing;
    const { state, step, steps, history, picture } = training;
    const isOpen = state === 'running' || state === 'stopping';
    return html`<section aria-label="Training of the manifold">
      <div class="title">
        <div>
          <h2>${titles[state]}</h2>
          <span class="quiet" role="status">${describe(training)}</span>
        </div>
        <div class="actions">${this.#actions(training)}</div>
      </div>
      ${
        isOpen
          ? html`<progress
              max=${Math.max(1, steps)}
              .value=${step}
              aria-label="Progress of the training"
            ></progress>`
          : nothing
      }
      ${
        training.problem === undefined
          ? nothing
          : html`<p class="problem" role="alert">${training.problem}</p>`
      }
      ${history.length === 0 ? nothing : this.#curves(training)}
      ${picture === undefined ? nothing : pictureRows}
    </section>`;
  }

  override updated(_changed: PropertyValues): void {
    const { picture } = this.training ?? {};
    const canvases = [...this.renderRoot.querySelectorAll('canvas')];
    if (canvases.length === 0 || picture === undefined || picture === this.#drawn) return;
    this.#drawn = picture;
    void drawRows(canvases, picture);
  }

  #actions({ state, step }: ManifoldTrainingState): unknown {
    const button = (wish: TrainingWish, icon: string, title: string, isMain = false): unknown =>
      // An element of its own for each: a press on Pause must not meet what takes its place at the end.
      keyed(
        wish,
        html`<vscode-button ?secondary=${!isMain} icon=${icon} @click=${() => this.#wish(wish)}
          >${title}</vscode-button
        >`,
      );
    switch (state) {
      case 'running':
        return [
          button('pause-training', 'debug-pause', 'Pause'),
          button('cancel-training', 'debug-stop', 'Cancel'),
        ];
      case 'stopping':
        return nothing;
      case 'paused':
      case 'failed':
        return [
          button('train', 'play', step > 0 ? 'Resume' : 'Try again', true),
          button('cancel-training', 'close', 'Close'),
        ];
      case 'trained':
        return [
          button('run', 'play', 'Run audit', true),
          button('cancel-training', 'close', 'Close'),
        ];
    }
  }

  #curves({ history, steps }: ManifoldTrainingState): unknown {
    const curve = (
      name: string,
      explanation: string,
      loss: 'heldOutError' | 'trainingError' | 'latentError' | 'criticDistance',
    ): unknown =>
      html`<assay-loss-curve
        name=${name}
        explanation=${explanation}
        .points=${history.map(point => ({ step: point.step, value: point[loss] }))}
        .steps=${steps}
      ></assay-loss-curve>`;
    return html`<div class="curves">
      ${curve('Held-out error', '‖G(I(x)) − x‖² of held-out samples', 'heldOutError')}
      ${curve('Training error', '‖G(I(x)) − x‖² of samples trained on', 'trainingError')}
      ${curve('Latent error', '‖z − I(G(z))‖²', 'latentError')}
      ${curve('Critic’s distance', 'E[C(x)] − E[C(G(z))]', 'criticDistance')}
    </div>`;
  }

  #wish(kind: TrainingWish): void {
    this.dispatchEvent(new CustomEvent<TrainingWish>('training-wish', { detail: kind }));
  }
}

const titles = {
  running: 'Training the manifold',
  stopping: 'Stopping the training…',
  paused: 'The training of the manifold is paused',
  failed: 'The training of the manifold stopped',
  trained: 'The manifold is trained',
} as const satisfies Record<ManifoldTrainingState['state'], string>;

/** The rows of the picture, from its top; each is drawn by itself, so that its name stands beside it. */
const pictureRows = html`<div class="picture">
  ${[
    ['Held out', 'Held-out samples'],
    ['Reconstruction', 'Their reconstructions'],
    ['Random sample', 'Samples of random latent vectors'],
  ].map(
    ([name, description]) =>
      html`<span class="quiet" aria-hidden="true">${name}</span>
        <canvas role="img" aria-label=${description}></canvas>`,
  )}
</div>`;

/** How far it is, in one line. */
function describe({ state, step, steps, secondsLeft, history }: ManifoldTrainingState): string {
  if (steps === 0) return 'Opening model and data';
  const losses = history.at(-1);
  const goesOn = losses?.step ?? 0;
  return [
    state === 'trained' ? counted(step, 'step') : `Step ${step} of at most ${steps}`,
    ...(losses === undefined ? [] : [`held-out error ${losses.heldOutError.toPrecision(3)}`]),
    ...(state === 'running' && secondsLeft !== undefined
      ? [`at most ${duration(secondsLeft)} left`]
      : []),
    ...(state === 'paused' || state === 'failed'
      ? [goesOn === 0 ? 'it starts anew' : `it goes on from step ${goesOn}`]
      : []),
    ...(state === 'trained' ? ['the next audit searches natural adversaries and corrects'] : []),
  ].join(' · ');
}

/**
 * Draws a PNG, cut into as many rows as there are canvases, without an address, which the page's
 * security policy would refuse. The cuts go through the margins, which are wider than what is rounded.
 */
async function drawRows(canvases: readonly HTMLCanvasElement[], base64: string): Promise<void> {
  const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const top = (row: number): number => Math.round((row * image.height) / canvases.length);
  canvases.forEach((canvas, row) => {
    canvas.width = image.width;
    canvas.height = top(row + 1) - top(row);
    canvas.getContext('2d')?.drawImage(image, 0, -top(row));
  });
  image.close();
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-training-section': TrainingSection;
  }
}
