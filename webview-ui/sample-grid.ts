import '@lit-labs/virtualizer';
import type { LitVirtualizer } from '@lit-labs/virtualizer';
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { SampleOrder } from '../src/protocol/panel-protocol.ts';
import type { Condition } from '../src/report/audit-report.ts';
import { answerOfKey, markEvent } from './adversary-question.ts';
import { sampleColumns, type Column } from './sample-columns.ts';
import type { SampleSource } from './sample-source.ts';
import { sharedStyles } from './shared-styles.ts';

/** Height of a row in CSS pixels, as in the styles below. */
const rowHeight = 58;

/** The list of samples: only the rows in view exist, however many samples there are. */
@customElement('assay-sample-grid')
export class SampleGrid extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-height: 0;
        border: 1px solid var(--vscode-panel-border, var(--vscode-widget-border));
      }
      .grid {
        display: flex;
        flex-direction: column;
        min-height: 0;
        flex: 1;
        overflow-x: auto;
      }
      .row {
        display: grid;
        grid-template-columns: var(--columns);
        align-items: center;
        gap: 8px;
        padding: 0 8px;
        min-width: 720px;
        width: 100%;
        box-sizing: border-box;
      }
      .head {
        flex: none;
        font-weight: 600;
        padding-block: 4px;
        background: var(--vscode-keybindingTable-headerBackground, transparent);
        border-bottom: 1px solid var(--vscode-panel-border, var(--vscode-widget-border));
      }
      .head button {
        all: unset;
        cursor: pointer;
      }
      .head button:hover {
        text-decoration: underline;
      }
      .head button:focus-visible {
        outline: 1px solid var(--vscode-focusBorder);
      }
      lit-virtualizer {
        flex: 1;
        min-height: 200px;
        min-width: 720px;
      }
      .body .row {
        height: 58px;
        cursor: pointer;
        --picture-size: 50px;
      }
      .body .row:hover {
        background: var(--vscode-list-hoverBackground);
      }
      .body .row[aria-selected='true'] {
        background: var(--vscode-list-inactiveSelectionBackground);
        color: var(--vscode-list-inactiveSelectionForeground, inherit);
        /* Themes of high contrast have this colour, and no background for what is selected. */
        outline: 1px solid var(--vscode-contrastActiveBorder, transparent);
        outline-offset: -1px;
      }
      .grid:focus-within .body .row.active {
        outline: 1px solid var(--vscode-focusBorder);
        outline-offset: -1px;
      }
      .body .row[aria-selected='true'] .wrong {
        color: inherit;
        font-weight: 600;
      }
      .wrong {
        color: var(--vscode-list-errorForeground, var(--vscode-errorForeground));
      }
      .empty {
        padding: 16px;
      }
    `,
  ];

  @property({ attribute: false }) accessor source: SampleSource | undefined;
  /** Grows when the source has something new. */
  @property({ type: Number }) accessor revision = 0;
  @property({ type: Number }) accessor total = 0;
  @property({ attribute: false }) accessor condition: Condition | undefined;
  @property({ attribute: false }) accessor order: SampleOrder | undefined;
  @property({ attribute: false }) accessor classNames: readonly string[] = [];
  @property({ type: Boolean }) accessor hasPictures = true;
  /** Index in the data set of the sample shown in full. */
  @property({ attribute: false }) accessor selected: number | undefined;
  @state() accessor #active = 0;
  #items: readonly number[] = [];
  /** Row that was chosen before its sample had arrived. */
  #wanted: number | undefined;

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('total') && this.#items.length !== this.total) {
      this.#items = Array.from({ length: this.total }, (_, i) => i);
    } else if (changed.size > 0) {
      // A new array makes the virtualizer draw the rows in view again.
      this.#items = [...this.#items];
    }
    this.#active = Math.min(this.#active, Math.max(0, this.total - 1));
    if (this.#wanted !== undefined) this.#choose(this.#wanted);
  }

  override render(): unknown {
    const columns = this.#columns();
    return html`
      <div
        class="grid"
        role="grid"
        tabindex="0"
        aria-label="Samples"
        aria-rowcount=${this.total + 1}
        aria-colcount=${columns.length}
        aria-activedescendant=${this.total > 0 ? `row-${this.#active}` : nothing}
        @keydown=${this.#onKey}
      >
        <div class="row head" role="row" aria-rowindex="1">
          ${columns.map(column => this.#headerCell(column))}
        </div>
        ${
          this.total === 0
            ? html`<p class="empty quiet" role="row">
                <span role="gridcell">No samples to show.</span>
              </p>`
            : html`<lit-virtualizer
                class="body"
                role="rowgroup"
                scroller
                .items=${this.#items}
                .renderItem=${(position: number) => this.#row(position, columns)}
              ></lit-virtualizer>`
        }
      </div>
    `;
  }

  override updated(): void {
    // Inline styles in markup are against the page's security policy; the object model is not.
    const widths = this.#columns().map(({ title, number }) =>
      title === '' ? '50px' : number === true ? 'minmax(60px, 1fr)' : 'minmax(90px, 1.4fr)',
    );
    this.style.setProperty('--columns', widths.join(' '));
  }

  #columns(): Column[] {
    const { condition, classNames, hasPictures, source } = this;
    return sampleColumns({ condition, classNames, hasPictures, source });
  }

  #headerCell({ title, explanation, by, number }: Column): unknown {
    const isOrder = by !== undefined && this.order?.by === by;
    const descending = this.order?.descending === true;
    const arrow = !isOrder ? '' : descending ? ' ↓' : ' ↑';
    return html`<span
      role="columnheader"
      class=${number === true ? 'number' : ''}
      title=${explanation ?? title}
      aria-sort=${!isOrder ? 'none' : descending ? 'descending' : 'ascending'}
    >
      ${
        by === undefined
          ? title === ''
            ? html`<span class="visually-hidden">${explanation}</span>`
            : title
          : html`<button @click=${() => this.#orderBy(by)}>${title}${arrow}</button>`
      }
    </span>`;
  }

  #row(position: number, columns: readonly Column[]): unknown {
    const sample = this.source?.sampleAt(position);
    const isSelected = sample !== undefined && sample.index === this.selected;
    return html`<div
      id=${`row-${position}`}
      class=${position === this.#active ? 'row active' : 'row'}
      role="row"
      tabindex="-1"
      aria-rowindex=${position + 2}
      aria-selected=${isSelected ? 'true' : 'false'}
      @click=${() => this.#choose(position)}
    >
      ${columns.map(
        ({ cell, number }) =>
          html`<span role="gridcell" class=${number === true ? 'number' : ''}
            >${sample === undefined ? '' : cell(sample)}</span
          >`,
      )}
    </div>`;
  }

  #orderBy(by: SampleOrder['by']): void {
    const descending =
      this.order?.by === by ? !this.order.descending : by !== 'index' && by !== 'label';
    this.dispatchEvent(
      new CustomEvent('order-chosen', {
        detail: { by, condition: this.condition?.id ?? 'clean', descending } satisfies SampleOrder,
      }),
    );
  }

  #choose(position: number): void {
    this.#active = position;
    const sample = this.source?.sampleAt(position);
    this.#wanted = sample === undefined ? position : undefined;
    if (sample === undefined) return;
    this.dispatchEvent(new CustomEvent('sample-chosen', { detail: sample.index }));
  }

  #onKey(event: KeyboardEvent): void {
    // Buttons in the header keep their own keys.
    if (event.composedPath()[0] instanceof HTMLButtonElement) return;
    const rows = this.renderRoot.querySelector<LitVirtualizer>('lit-virtualizer');
    if (rows === null) return;
    const page = Math.max(1, Math.floor(rows.clientHeight / rowHeight) - 1);
    const last = this.total - 1;
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: this.#active + 1,
      ArrowUp: this.#active - 1,
      PageDown: this.#active + page,
      PageUp: this.#active - page,
      Home: 0,
      End: last,
    };
    const target = moves[event.key];
    if (target !== undefined) {
      event.preventDefault();
      this.#active = Math.max(0, Math.min(last, target));
      rows.element(this.#active)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      this.#choose(this.#active);
    } else {
      this.#mark(event);
    }
  }

  /** Answers whether the natural adversary of the row still looks like its label. */
  #mark(event: KeyboardEvent): void {
    const answer = answerOfKey(event);
    const sample = this.source?.sampleAt(this.#active);
    const condition = this.condition?.id;
    if (answer === undefined || sample === undefined || condition === undefined) return;
    const { adversary, looksLikeLabel } = sample.conditions[condition] ?? {};
    if (adversary === undefined) return;
    const mark = { condition, sample: sample.index, adversary, looksLikeLabel };
    this.dispatchEvent(markEvent(mark, answer));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-sample-grid': SampleGrid;
  }
}
