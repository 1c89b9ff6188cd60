import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { ToPanelMessage } from '../src/protocol/panel-protocol.ts';
import type { Condition, SampleRecord } from '../src/report/audit-report.ts';
import { scientific } from '../src/report/wording.ts';
import { amplification } from './painting.ts';
import './picture.ts';
import { answer, className, outcomeWords } from './sample-words.ts';
import { sharedStyles } from './shared-styles.ts';

type Pictures = Extract<ToPanelMessage, { kind: 'pictures' }>;

/** One sample in full: clean and under every attack, side by side. */
@customElement('assay-sample-detail')
export class SampleDetail extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: block;
        overflow: auto;
      }
      .title {
        display: flex;
        justify-content: space-between;
        align-items: center;
      }
      .cards {
        display: flex;
        flex-wrap: wrap;
        gap: 16px;
      }
      figure {
        margin: 0;
        --picture-size: 112px;
      }
      .pair {
        display: flex;
        gap: 4px;
      }
      dl {
        display: grid;
        grid-template-columns: auto auto;
        gap: 2px 12px;
        margin: 4px 0 0;
      }
      dt {
        color: var(--vscode-descriptionForeground);
      }
      dd {
        margin: 0;
      }
      .wrong {
        color: var(--vscode-list-errorForeground, var(--vscode-errorForeground));
      }
    `,
  ];

  @property({ attribute: false }) accessor sample: SampleRecord | undefined;
  @property({ attribute: false }) accessor pictures: Pictures | undefined;
  @property({ attribute: false }) accessor conditions: readonly Condition[] = [];
  @property({ attribute: false }) accessor classNames: readonly string[] = [];

  override render(): unknown {
    const { sample } = this;
    if (sample === undefined) return nothing;
    const shown = this.conditions.filter(({ id }) => id in sample.conditions);
    return html`
      <div class="title">
        <h2>Sample ${sample.id}, label ${className(sample.label, this.classNames)}</h2>
        <vscode-icon
          name="close"
          action-icon
          label="Close the sample"
          @click=${() => this.dispatchEvent(new CustomEvent('detail-closed'))}
        ></vscode-icon>
      </div>
      <div class="cards">${shown.map(condition => this.#card(sample, condition))}</div>
    `;
  }

  #card(sample: SampleRecord, { id, kind, label }: Condition): unknown {
    const result = sample.conditions[id];
    const wrong = result !== undefined && result.prediction !== sample.label;
    return html`<figure>
      ${this.#pictures(id, kind, label)}
      <figcaption>
        <strong>${label}</strong>
        <dl>
          <dt>Answer</dt>
          <dd class=${wrong ? 'wrong' : ''}>
            ${answer(result, this.classNames)}${wrong ? ', wrong' : ''}
          </dd>
          ${
            result?.outcome === undefined
              ? nothing
              : html`<dt>Outcome</dt>
                  <dd>${outcomeWords[result.outcome]}</dd>`
          }
          ${
            result?.distance === undefined
              ? nothing
              : html`<dt>L∞ / L2</dt>
                  <dd>${scientific(result.distance.Linf)} / ${scientific(result.distance.L2)}</dd>`
          }
          ${
            result?.scores?.['mutual-information'] === undefined
              ? nothing
              : html`<dt>MI</dt>
                  <dd>${scientific(result.scores['mutual-information'])}</dd>
                  <dt>SMV</dt>
                  <dd>${scientific(result.scores['softmax-variance'] ?? null)}</dd>`
          }
          ${
            result?.steps === undefined
              ? nothing
              : html`<dt>Steps</dt>
                  <dd>${result.steps}</dd>`
          }
        </dl>
      </figcaption>
    </figure>`;
  }

  #pictures(id: string, kind: Condition['kind'], label: string): unknown {
    const { pictures } = this;
    if (pictures?.shape.length !== 3) return nothing;
    const values = pictures.inputs[id];
    const clean = pictures.inputs['clean'];
    const isChanged = kind !== 'clean' && kind !== 'baseline';
    const difference =
      isChanged && values !== undefined && clean !== undefined
        ? html`<assay-picture
            .values=${values}
            .reference=${clean}
            .shape=${pictures.shape}
            .bounds=${pictures.bounds}
            label="Difference of ${label}"
            title="Difference, amplified ${amplification(values, clean).toPrecision(3)} times: red is brighter, blue darker"
          ></assay-picture>`
        : nothing;
    return html`<div class="pair">
      <assay-picture
        .values=${values}
        .shape=${pictures.shape}
        .bounds=${pictures.bounds}
        label=${label}
      ></assay-picture>
      ${difference}
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-sample-detail': SampleDetail;
  }
}
