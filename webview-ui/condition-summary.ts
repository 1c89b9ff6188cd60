import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Condition, Flag } from '../src/report/audit-report.ts';
import { doubtOf } from '../src/report/doubt.ts';
import { medianDistance, percent, ratio, scientific } from '../src/report/wording.ts';
import { intervalBar, intervalBarStyles } from './interval-bar.ts';
import { sharedStyles } from './shared-styles.ts';

/** The table of the conditions: how many answers stay right, and how unsure the model is of them. */
@customElement('assay-condition-summary')
export class ConditionSummary extends LitElement {
  static override styles = [
    sharedStyles,
    intervalBarStyles,
    css`
      :host {
        display: block;
        overflow-x: auto;
      }
      table {
        border-collapse: collapse;
        white-space: nowrap;
      }
      th,
      td {
        padding: 4px 9px 4px 0;
        text-align: left;
        border-bottom: 1px solid var(--vscode-panel-border, var(--vscode-widget-border));
      }
      th {
        font-weight: 600;
        vertical-align: bottom;
        white-space: normal;
      }
      /* Long names wrap before they push the numbers out of a narrow panel, and stay beside them. */
      th:first-child {
        position: sticky;
        left: 0;
        min-width: 12ch;
        background: var(--vscode-editor-background);
      }
      tbody tr[aria-current='true'] th {
        color: var(--vscode-textLink-foreground);
      }
      th.number,
      td.number {
        text-align: right;
      }
      button {
        all: unset;
        cursor: pointer;
      }
      button:hover {
        text-decoration: underline;
      }
      button:focus-visible {
        outline: 1px solid var(--vscode-focusBorder);
      }
      .interval-bar {
        width: 80px;
      }
      @media (width < 720px) {
        th,
        td {
          padding-right: 6px;
        }
        .interval-bar {
          width: 60px;
        }
      }
      .doubt {
        color: var(--vscode-list-errorForeground, var(--vscode-errorForeground));
      }
      .doubt vscode-icon {
        color: inherit;
        vertical-align: text-bottom;
      }
      .remark {
        white-space: normal;
        max-width: 80ch;
      }
    `,
  ];

  @property({ attribute: false }) accessor conditions: readonly Condition[] = [];
  @property({ attribute: false }) accessor flags: readonly Flag[] = [];
  /** Id of the condition that the list of samples shows. */
  @property() accessor current = '';

  override render(): unknown {
    return html`
      <table>
        <caption class="visually-hidden">
          Accuracy and uncertainty of each condition
        </caption>
        <thead>
          <tr>
            <th scope="col">Condition</th>
            <th scope="col" class="number">Samples</th>
            <th scope="col" class="number">Accuracy</th>
            <th scope="col">95% interval</th>
            <th scope="col" class="number">Attack success</th>
            <th scope="col" class="number">Median distance</th>
            <th scope="col" class="number" title="Mutual information, nats">MI</th>
            <th scope="col" class="number" title="Softmax variance, mean over classes">SMV</th>
            <th scope="col" class="number" title="Ratio to the separate clean set">rel. MI</th>
            <th scope="col" class="number" title="Ratio to the separate clean set">rel. SMV</th>
          </tr>
        </thead>
        <tbody>
          ${this.conditions.map(condition => this.#row(condition))}
        </tbody>
      </table>
      ${this.#remarks().map(remark => html`<p class="quiet remark">${remark}</p>`)}
    `;
  }

  #row(condition: Condition): unknown {
    const { id, label, accuracy, attackSuccess, uncertainty } = condition;
    const scores = uncertainty?.applicable === true ? uncertainty : undefined;
    return html`
      <tr aria-current=${id === this.current ? 'true' : 'false'}>
        <th scope="row">
          <button @click=${() => this.#choose(id)} title="Show the samples of ${label}">
            ${label}
          </button>
        </th>
        <td class="number">${progressCell(condition)}</td>
        <td class="number">${this.#doubt(condition)}${percent(accuracy?.value ?? null)}</td>
        <td>${accuracyBar(condition)}</td>
        <td class="number">${attackSuccess === undefined ? '' : percent(attackSuccess.value)}</td>
        <td class="number">${medianDistance(condition)}</td>
        <td class="number">${scientific(scores?.mutualInformation ?? null)}</td>
        <td class="number">${scientific(scores?.softmaxVariance ?? null)}</td>
        <td class="number">${ratio(scores?.relativeMutualInformation ?? null)}</td>
        <td class="number">${ratio(scores?.relativeSoftmaxVariance ?? null)}</td>
      </tr>
    `;
  }

  /** A sign beside an accuracy that says nothing about robustness. */
  #doubt(condition: Condition): unknown {
    const doubt = doubtOf(condition, this.flags);
    if (doubt === undefined) return nothing;
    return html`<span class="doubt" title="Not to be read as robustness. ${doubt.message}">
      <vscode-icon name="error"></vscode-icon>
      <span class="visually-hidden">Not to be read as robustness:</span>
    </span>`;
  }

  /** Why something is missing, said once. */
  #remarks(): string[] {
    const remarks = this.conditions.flatMap(({ label, uncertainty, error }) => [
      ...(uncertainty?.applicable === false
        ? [`Uncertainty: ${uncertainty.reason} ${uncertainty.remedy}`]
        : []),
      ...(error === undefined ? [] : [`${label}: ${error}`]),
    ]);
    return [...new Set(remarks)];
  }

  #choose(id: string): void {
    this.dispatchEvent(new CustomEvent('condition-chosen', { detail: id }));
  }
}

function progressCell({ state, finished, total }: Condition): string {
  switch (state) {
    case 'finished':
      return String(total);
    case 'waiting':
      return 'waiting';
    case 'running':
    case 'cancelled':
      return `${finished} of ${total}`;
    case 'failed':
      return 'failed';
  }
}

/** Accuracy as a bar, since a point alone would mislead. */
function accuracyBar({ accuracy }: Condition): unknown {
  const value = accuracy?.value ?? null;
  if (accuracy === null || value === null) return '';
  const { lower, upper } = accuracy;
  return intervalBar({ value, lower, upper }, { label: `${percent(lower)} to ${percent(upper)}` });
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-condition-summary': ConditionSummary;
  }
}
