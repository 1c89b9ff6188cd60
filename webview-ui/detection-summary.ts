import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { AuditReport, Condition } from '../src/report/audit-report.ts';
import type { Detection } from '../src/report/detection-record.ts';
import {
  calibratedPredictions,
  calibrationTable,
  conditionDetectionTable,
  mainRow,
  missingScoreLines,
  posteriorLines,
  withInterval,
} from '../src/report/detection-table.ts';
import { scoreExplanation, scoreTitle } from '../src/report/score-names.ts';
import './detection-table.ts';
import './reliability-diagram.ts';
import { sharedStyles, tableStyles } from './shared-styles.ts';
import { textTable } from './text-table.ts';

/**
 * Whether the model knows what it does not know: how it was made Bayesian, how one score tells each
 * condition from clean samples, and whether its confidence can be believed.
 */
@customElement('assay-detection-summary')
export class DetectionSummary extends LitElement {
  static override styles = [
    sharedStyles,
    tableStyles,
    css`
      :host {
        display: block;
      }
      .scroll {
        overflow-x: auto;
      }
      .calibration {
        padding: 8px 0;
      }
      .diagrams {
        display: flex;
        flex-wrap: wrap;
        gap: 14px 32px;
        padding-top: 8px;
      }
      p {
        max-width: 100ch;
      }
      .choice {
        padding: 4px 0 8px;
      }
      select {
        font: inherit;
        color: var(--vscode-dropdown-foreground);
        background: var(--vscode-dropdown-background);
        border: 1px solid var(--vscode-dropdown-border, var(--vscode-widget-border));
      }
      summary {
        cursor: pointer;
      }
    `,
  ];

  @property({ attribute: false }) accessor conditions: readonly Condition[] = [];
  @property({ attribute: false }) accessor detection: AuditReport['detection'];
  /** Id of the condition that is looked at. */
  @property() accessor current = '';
  /** Score of the table; the first one there is until another is chosen. */
  @state() accessor #chosen: string | undefined;

  override render(): unknown {
    const { detection } = this;
    if (detection === undefined) return nothing;
    const report = { conditions: [...this.conditions], detection };
    const names = [...new Set(detection.rows.map(({ score }) => score))];
    const score = names.find(name => name === this.#chosen) ?? names[0];
    if (score === undefined) return nothing;
    return html`<details>
      <summary>
        <strong>Uncertainty and detection</strong>
        <span class="quiet">${inOneLine(detection, this.conditions, score)}</span>
      </summary>
      ${posteriorLines(report).map(line => html`<p class="quiet">${line}</p>`)}
      <div class="choice">
        <label for="score">Score</label>
        <select id="score" @change=${this.#choose}>
          ${names.map(
            name =>
              html`<option value=${name} ?selected=${name === score}>
                ${scoreTitle(name)} (${scoreExplanation(name)})
              </option>`,
          )}
        </select>
        <span class="quiet">Higher is further out of distribution.</span>
      </div>
      <assay-detection-table
        .conditions=${this.conditions}
        .detection=${detection}
        score=${score}
        current=${this.current}
      ></assay-detection-table>
      ${missingScoreLines(report).map(line => html`<p class="quiet">${line}</p>`)}
      <div class="calibration">${this.#calibration(report)}</div>
      ${this.#everyScore(report)}
    </details>`;
  }

  #calibration(report: Parameters<typeof calibrationTable>[0]): unknown {
    const table = calibrationTable(report);
    if (report.detection === undefined || table === undefined) return nothing;
    return html`
      ${textTable(table)} ${table.remarks.map(remark => html`<p class="quiet">${remark}</p>`)}
      <div class="diagrams">
        ${calibratedPredictions(report.detection).map(
          ({ name, record }) =>
            html`<assay-reliability-diagram
              .calibration=${record}
              name=${name}
            ></assay-reliability-diagram>`,
        )}
      </div>
    `;
  }

  /** All scores of the condition that is looked at. */
  #everyScore(report: Parameters<typeof calibrationTable>[0]): unknown {
    const shown = this.conditions.find(({ id }) => id === this.current);
    const table = shown && conditionDetectionTable(report, shown, 'all');
    if (shown === undefined || table === undefined) return nothing;
    return html`<details>
      <summary>Every score of ${shown.label}</summary>
      <div class="scroll" tabindex="0" role="region" aria-label="Every score of ${shown.label}">
        ${textTable(table)}
      </div>
    </details>`;
  }

  #choose(event: Event): void {
    this.#chosen = (event.target as HTMLSelectElement).value;
  }
}

function inOneLine(detection: Detection, conditions: readonly Condition[], score: string): string {
  const found = conditions
    .filter(({ kind }) => kind === 'attack')
    .flatMap(condition => {
      const separation = mainRow(detection, condition, score)?.separation ?? null;
      return separation === null ? [] : [`${condition.label} ${withInterval(separation.auroc)}`];
    });
  return found.length === 0
    ? 'once an attack has finished'
    : `AUROC of ${scoreTitle(score)}: ${found.slice(0, 3).join(' · ')}`;
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-detection-summary': DetectionSummary;
  }
}
