import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { ManifoldPicturesMessage } from '../src/protocol/panel-protocol.ts';
import type { Answer, ManifoldPictures } from '../src/report/manifold-record.ts';
import { className } from '../src/report/prediction-record.ts';
import './picture.ts';
import { answer } from './sample-words.ts';
import { sharedStyles } from './shared-styles.ts';

type Way = ManifoldPictures['ways'][number];

/** What a manifold holds: ways between two classes, and samples of random latent vectors. */
@customElement('assay-manifold-gallery')
export class ManifoldGallery extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: block;
        padding-top: 8px;
        --picture-size: 64px;
      }
      .choice {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        align-items: baseline;
        padding-bottom: 6px;
      }
      select {
        font: inherit;
        color: var(--vscode-dropdown-foreground);
        background: var(--vscode-dropdown-background);
        border: 1px solid var(--vscode-dropdown-border, var(--vscode-widget-border));
      }
      ol {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        list-style: none;
        margin: 0 0 14px;
        padding: 0;
      }
      li {
        width: 80px;
        font-size: 0.92em;
        font-variant-numeric: tabular-nums;
      }
      .answer {
        display: block;
        color: var(--vscode-descriptionForeground);
      }
      .turn {
        color: var(--vscode-foreground);
        font-weight: 600;
      }
    `,
  ];

  @property({ attribute: false }) accessor contents: ManifoldPictures | undefined;
  @property({ attribute: false }) accessor pictures: ManifoldPicturesMessage | undefined;
  @property({ attribute: false }) accessor classNames: readonly string[] = [];
  /** Classes at the ends of the way; the first two until others are chosen. */
  @state() accessor #from: number | undefined;
  @state() accessor #to: number | undefined;

  override render(): unknown {
    const { contents } = this;
    if (contents === undefined) return nothing;
    return html`${this.#between(contents.ways)}
      <h2>Samples of random latent vectors</h2>
      ${this.#row(contents.random, this.pictures?.random, 0, 'Random sample')}`;
  }

  #between(ways: readonly Way[]): unknown {
    const classes = [...new Set(ways.flatMap(({ from, to }) => [from.label, to.label]))];
    const from = classes.find(label => label === this.#from) ?? classes[0];
    const others = classes.filter(label => label !== from);
    const to = others.find(label => label === this.#to) ?? others[0];
    const found = ways.findIndex(
      way =>
        (way.from.label === from && way.to.label === to) ||
        (way.from.label === to && way.to.label === from),
    );
    const way = ways[found];
    if (way === undefined) return nothing;
    const { length } = way.points;
    // Half of the ways are kept: the way back is the same one.
    const isBack = way.from.label !== from;
    const order = Array.from({ length }, (_, i) => (isBack ? length - 1 - i : i));
    const [first, last] = isBack ? [way.to, way.from] : [way.from, way.to];
    return html`<h2>From one class to another, straight through the latent space</h2>
      <div class="choice">
        <label for="from">From</label>
        ${this.#select('from', classes, from, label => (this.#from = label))}
        <label for="to">to</label>
        ${this.#select('to', others, to, label => (this.#to = label))}
        <span class="quiet">from sample ${first.id} to sample ${last.id}</span>
      </div>
      ${this.#row(
        order.map(i => way.points[i]),
        this.pictures?.ways,
        found * length,
        'On the way',
        order,
      )}`;
  }

  #select(
    id: string,
    labels: readonly number[],
    chosen: number | undefined,
    choose: (label: number) => void,
  ): unknown {
    return html`<select
      id=${id}
      @change=${(event: Event) => choose(Number((event.target as HTMLSelectElement).value))}
    >
      ${labels.map(
        label =>
          html`<option value=${label} .selected=${label === chosen}>
            ${className(label, this.classNames)}
          </option>`,
      )}
    </select>`;
  }

  /**
   * @param start place of the first picture among `values`
   * @param order of the pictures after it; as they are when it is left out
   */
  #row(
    answers: readonly (Answer | undefined)[],
    values: Float32Array | undefined,
    start: number,
    name: string,
    order?: readonly number[],
  ): unknown {
    const { shape = [], bounds = [0, 1] } = this.pictures ?? {};
    const size = shape.reduce((product, length) => product * length, 1);
    return html`<ol>
      ${answers.map((given, i) => {
        const at = start + (order?.[i] ?? i);
        const turns =
          order !== undefined && i > 0 && given?.prediction !== answers[i - 1]?.prediction;
        const text = given === undefined ? '' : answer(given, this.classNames);
        return html`<li>
          <assay-picture
            .values=${values?.subarray(at * size, (at + 1) * size)}
            .shape=${shape}
            .bounds=${bounds}
            label="${name}, ${i + 1} of ${answers.length}: ${text}"
          ></assay-picture>
          <span class=${turns ? 'answer turn' : 'answer'}>${text}</span>
        </li>`;
      })}
    </ol>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-manifold-gallery': ManifoldGallery;
  }
}
