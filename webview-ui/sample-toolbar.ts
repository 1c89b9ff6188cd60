import '@vscode-elements/elements/dist/vscode-option/index.js';
import '@vscode-elements/elements/dist/vscode-single-select/index.js';
import '@vscode-elements/elements/dist/vscode-textfield/index.js';
import { css, html, LitElement } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { SampleFilter } from '../src/protocol/panel-protocol.ts';
import type { Condition } from '../src/report/audit-report.ts';
import { sharedStyles } from './shared-styles.ts';
import { counted } from '../src/wording/counted.ts';

const outcomes: Readonly<Record<SampleFilter['outcome'], string>> = {
  all: 'Every outcome',
  fooled: 'Fooled',
  resisted: 'Resisted',
  'already-wrong': 'Already wrong',
};

/** Which condition the list shows, and which of its samples. */
@customElement('assay-sample-toolbar')
export class SampleToolbar extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px;
      }
      vscode-single-select {
        width: auto;
        min-width: 150px;
      }
      vscode-textfield {
        width: 140px;
      }
    `,
  ];

  @property({ attribute: false }) accessor conditions: readonly Condition[] = [];
  @property({ attribute: false }) accessor filter: SampleFilter | undefined;
  @property({ attribute: false }) accessor classNames: readonly string[] = [];
  @property({ type: Number }) accessor total = 0;

  override render(): unknown {
    const { filter } = this;
    if (filter === undefined) return '';
    return html`
      <vscode-single-select
        label="Condition"
        .value=${filter.condition}
        @change=${(event: Event) => this.#announce('condition-chosen', valueOf(event))}
      >
        ${this.conditions.map(
          ({ id, label }) =>
            html`<vscode-option value=${id} ?selected=${id === filter.condition}
              >${label}</vscode-option
            >`,
        )}
      </vscode-single-select>
      <vscode-single-select
        label="Outcome"
        .value=${filter.outcome}
        @change=${(event: Event) => this.#filterBy({ outcome: outcomeOf(valueOf(event)) })}
      >
        ${Object.entries(outcomes).map(
          ([value, words]) =>
            html`<vscode-option value=${value} ?selected=${value === filter.outcome}
              >${words}</vscode-option
            >`,
        )}
      </vscode-single-select>
      <vscode-single-select
        label="Label"
        .value=${String(filter.label)}
        @change=${(event: Event) => this.#filterBy({ label: labelOf(valueOf(event)) })}
      >
        <vscode-option value="all" ?selected=${filter.label === 'all'}>Every label</vscode-option>
        ${this.classNames.map(
          (name, index) =>
            html`<vscode-option value=${String(index)} ?selected=${index === filter.label}
              >Label ${name}</vscode-option
            >`,
        )}
      </vscode-single-select>
      <vscode-textfield
        label="Find a sample"
        placeholder="Find a sample"
        .value=${filter.text}
        @input=${(event: Event) => this.#filterBy({ text: valueOf(event) })}
      ></vscode-textfield>
      <span class="quiet" role="status">${counted(this.total, 'sample')}</span>
    `;
  }

  #filterBy(change: Partial<SampleFilter>): void {
    this.#announce('filter-chosen', { ...this.filter, ...change });
  }

  #announce(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function valueOf(event: Event): string {
  const { target } = event;
  return target !== null && 'value' in target ? String(target.value) : '';
}

function outcomeOf(value: string): SampleFilter['outcome'] {
  return value === 'fooled' || value === 'resisted' || value === 'already-wrong' ? value : 'all';
}

function labelOf(value: string): number | 'all' {
  return value === 'all' ? 'all' : Number(value);
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-sample-toolbar': SampleToolbar;
  }
}
