import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { ToPanelMessage } from '../src/protocol/panel-protocol.ts';
import type {
  AuditReport,
  Condition,
  SampleCondition,
  SampleRecord,
} from '../src/report/audit-report.ts';
import { scientific } from '../src/report/wording.ts';
import { className } from '../src/report/prediction-record.ts';
import './adversary-question.ts';
import { amplification } from './painting.ts';
import './picture.ts';
import { answer, outcomeWords } from './sample-words.ts';
import { sharedStyles, tableStyles } from './shared-styles.ts';

type Pictures = Extract<ToPanelMessage, { kind: 'pictures' }>;

/** A line of the table: its title, and what it shows of a condition; undefined where it means nothing. */
interface Line {
  readonly title: string;
  readonly explanation?: string;
  readonly cell: (condition: Condition, result: SampleCondition) => unknown;
}

/** Corrections that have a picture, in this order. */
const reconstructions = ['reconstruction', 'refined-reconstruction'] as const;

/**
 * One sample in full. A column for each condition, so that attacks stand side by side: what the model
 * saw, what was changed and where, its reconstructions, and what the model answers to each.
 */
@customElement('assay-sample-detail')
export class SampleDetail extends LitElement {
  static override styles = [
    sharedStyles,
    tableStyles,
    css`
      :host {
        display: block;
      }
      .title {
        display: flex;
        justify-content: space-between;
        align-items: center;
      }
      .scroll {
        overflow-x: auto;
      }
      table {
        --picture-size: 96px;
      }
      th,
      td {
        text-align: left;
        vertical-align: top;
        padding: 3px 16px 3px 0;
        white-space: normal;
        border-bottom: 0;
      }
      thead th {
        font-weight: 600;
        vertical-align: bottom;
        min-width: 96px;
        max-width: 132px;
      }
      tbody th {
        position: sticky;
        left: 0;
        z-index: 1;
        min-width: 84px;
        max-width: 120px;
        background: var(--vscode-editor-background);
        color: var(--vscode-descriptionForeground);
      }
      td {
        font-variant-numeric: tabular-nums;
      }
      .answer {
        display: block;
      }
      .wrong {
        color: var(--vscode-list-errorForeground, var(--vscode-errorForeground));
      }
    `,
  ];

  @property({ attribute: false }) accessor sample: SampleRecord | undefined;
  @property({ attribute: false }) accessor pictures: Pictures | undefined;
  @property({ attribute: false }) accessor conditions: readonly Condition[] = [];
  @property({ attribute: false }) accessor manifold: AuditReport['manifold'];
  @property({ attribute: false }) accessor classNames: readonly string[] = [];

  override render(): unknown {
    const { sample } = this;
    if (sample === undefined) return nothing;
    const shown = this.conditions.filter(({ id }) => id in sample.conditions);
    const name = `Sample ${sample.id}, label ${className(sample.label, this.classNames)}`;
    return html`
      <div class="title">
        <h2>${name}</h2>
        <vscode-icon
          name="close"
          action-icon
          label="Close the sample"
          @click=${() => this.dispatchEvent(new CustomEvent('detail-closed'))}
        ></vscode-icon>
      </div>
      <div class="scroll" tabindex="0" role="region" aria-label=${name}>
        <table>
          <thead>
            <tr>
              <td></td>
              ${shown.map(({ label }) => html`<th scope="col">${label}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${this.#lines(sample).map(line => this.#row(line, shown, sample))}
          </tbody>
        </table>
      </div>
    `;
  }

  /** A line that has nothing to show of any condition is left out. */
  #row(
    { title, explanation, cell }: Line,
    shown: readonly Condition[],
    sample: SampleRecord,
  ): unknown {
    const cells = shown.map(condition => {
      const result = sample.conditions[condition.id];
      return result === undefined ? undefined : cell(condition, result);
    });
    if (cells.every(content => content === undefined)) return nothing;
    return html`<tr>
      <th scope="row" title=${explanation ?? nothing}>${title}</th>
      ${cells.map(content => html`<td>${content ?? nothing}</td>`)}
    </tr>`;
  }

  #lines(sample: SampleRecord): Line[] {
    const score =
      (name: string) =>
      (_: Condition, { scores }: SampleCondition) =>
        scores?.[name] === undefined ? undefined : scientific(scores[name]);
    return [
      {
        title: 'Input',
        cell: ({ id, label }, result) =>
          html`${this.#picture(this.pictures?.inputs[id], label)} ${this.#answer(sample, result)}`,
      },
      {
        title: 'Difference',
        explanation: 'Amplified: red is brighter, blue darker. Of a natural adversary, to G(I(x))',
        cell: condition => this.#change(condition, 'difference'),
      },
      {
        title: 'Saliency',
        explanation: 'Where it was changed, over what was changed',
        cell: condition => this.#change(condition, 'saliency'),
      },
      ...this.#correctionLines(sample),
      ...this.#questionLine(sample),
      {
        title: 'Outcome',
        cell: (_, { outcome }) => (outcome === undefined ? undefined : outcomeWords[outcome]),
      },
      {
        title: 'L∞ / L2',
        explanation: 'Size of the change, input units',
        cell: (_, { distance }) =>
          distance === undefined
            ? undefined
            : `${scientific(distance.Linf)} / ${scientific(distance.L2)}`,
      },
      {
        title: 'Δz',
        explanation: 'Distance in the latent space',
        cell: (_, { latentDistance }) =>
          latentDistance === undefined ? undefined : latentDistance.toPrecision(3),
      },
      { title: 'MI', explanation: 'Mutual information, nats', cell: score('mutual-information') },
      { title: 'SMV', explanation: 'Softmax variance', cell: score('softmax-variance') },
      {
        title: 'Steps',
        explanation: 'Gradient steps or queries',
        cell: (_, { steps }) => steps,
      },
    ];
  }

  /** One line for each correction: its picture where there is one, and what the model answers. */
  #correctionLines(sample: SampleRecord): Line[] {
    const corrections = this.manifold?.trained === true ? this.manifold.corrections : [];
    const labels = new Map(corrections.map(({ method, label }) => [method, label]));
    return [...labels].map(([method, label]) => ({
      title: label.replace(/^./, first => first.toUpperCase()),
      cell: ({ id, label: of }, { corrected }) => {
        const result = corrected?.[method];
        if (result === undefined) return undefined;
        const hasPicture = reconstructions.some(name => name === method);
        const values = this.pictures?.reconstructions[id]?.[method];
        return html`${hasPicture ? this.#picture(values, `${label} of ${of}`) : nothing}
        ${this.#answer(sample, result)}`;
      },
    }));
  }

  /** Only natural adversaries may truly be something else. */
  #questionLine(sample: SampleRecord): Line[] {
    const name = className(sample.label, this.classNames);
    return [
      {
        title: `Still a ${name}?`,
        explanation: 'Whether the natural adversary still looks like its label, to you',
        cell: ({ id, label }, { adversary, looksLikeLabel }) =>
          adversary === undefined
            ? undefined
            : html`<assay-adversary-question
                .mark=${{ condition: id, sample: sample.index, adversary, looksLikeLabel }}
                label="Does ${label} of sample ${sample.id} still look like ${name}?"
              ></assay-adversary-question>`,
      },
    ];
  }

  #answer(
    sample: SampleRecord,
    result: Pick<SampleCondition, 'prediction' | 'confidence'>,
  ): unknown {
    const wrong = result.prediction !== sample.label;
    return html`<span class=${wrong ? 'answer wrong' : 'answer'}
      >${answer(result, this.classNames)}${
        wrong ? html`<span class="visually-hidden"> wrong</span>` : nothing
      }</span
    >`;
  }

  #picture(values: Float32Array | undefined, label: string): unknown {
    const { pictures } = this;
    if (pictures?.shape.length !== 3) return nothing;
    return html`<assay-picture
      .values=${values}
      .shape=${pictures.shape}
      .bounds=${pictures.bounds}
      label=${label}
    ></assay-picture>`;
  }

  #change({ id, kind, label }: Condition, change: 'difference' | 'saliency'): unknown {
    const { pictures } = this;
    if (pictures?.shape.length !== 3 || kind === 'clean' || kind === 'baseline') return undefined;
    const values = pictures.inputs[id];
    // A natural adversary is a change of the reconstruction, not of the sample.
    const reference =
      (kind === 'natural' ? pictures.reconstructions['clean']?.['reconstruction'] : undefined) ??
      pictures.inputs['clean'];
    if (values === undefined || reference === undefined) return undefined;
    const times = amplification(values, reference).toPrecision(3);
    return html`<assay-picture
      .values=${values}
      .reference=${reference}
      .shape=${pictures.shape}
      .bounds=${pictures.bounds}
      change=${change}
      label=${change === 'difference' ? `Difference of ${label}` : `Salient places of ${label}`}
      title=${
        change === 'difference' ? `Amplified ${times} times: red is brighter, blue darker` : nothing
      }
    ></assay-picture>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-sample-detail': SampleDetail;
  }
}
