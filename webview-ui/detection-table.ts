import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Condition } from '../src/report/audit-report.ts';
import type { Detection, DetectionRow } from '../src/report/detection-record.ts';
import {
  adversaryOf,
  mainRow,
  ratioWithInterval,
  withInterval,
} from '../src/report/detection-table.ts';
import { scoreTitle } from '../src/report/score-names.ts';
import { scoreValue } from '../src/report/score-value.ts';
import { percent, percentWithInterval } from '../src/report/wording.ts';
import { intervalBar, intervalBarStyles } from './interval-bar.ts';
import './score-histogram.ts';
import { sharedStyles, tableStyles } from './shared-styles.ts';
import { numberCell } from './text-table.ts';
import { counted } from '../src/wording/counted.ts';

/**
 * How one score tells each condition from clean samples: what decides in one table, which fits into
 * half a window, and the other rates folded away below it.
 */
@customElement('assay-detection-table')
export class DetectionTable extends LitElement {
  static override styles = [
    sharedStyles,
    tableStyles,
    intervalBarStyles,
    css`
      :host {
        display: block;
        container-type: inline-size;
      }
      .scroll {
        overflow-x: auto;
      }
      td.text {
        text-align: left;
      }
      tbody tr[aria-current='true'] th {
        color: var(--vscode-textLink-foreground);
      }
      summary {
        cursor: pointer;
        padding-top: 6px;
      }
      .interval-bar {
        display: inline-block;
        width: 96px;
        padding-left: 6px;
      }
      /* Too narrow for columns: a condition is its name and two lines of three figures. */
      @container (width < 560px) {
        .leading caption,
        .leading thead,
        .leading tbody {
          display: block;
        }
        .leading tr {
          display: grid;
          grid-template-columns: repeat(3, 1fr);
          border-bottom: 1px solid var(--vscode-panel-border, var(--vscode-widget-border));
          padding: 2px 0;
        }
        .leading th,
        .leading td {
          border-bottom: 0;
          text-align: left;
        }
        .leading th:first-child {
          grid-column: 1 / -1;
          font-weight: 600;
        }
        .leading td.number > span {
          display: block;
        }
        .leading .interval-bar {
          padding-left: 0;
        }
      }
    `,
  ];

  @property({ attribute: false }) accessor conditions: readonly Condition[] = [];
  @property({ attribute: false }) accessor detection: Detection | undefined;
  /** Score that detects. */
  @property() accessor score = '';
  /** Id of the condition that is looked at. */
  @property() accessor current = '';

  override render(): unknown {
    const { detection, score } = this;
    if (detection === undefined) return nothing;
    const rows = this.conditions.flatMap(condition => {
      const row = mainRow(detection, condition, score);
      return row === undefined ? [] : [{ condition, row }];
    });
    const clean = detection.rows.find(row => row.condition === 'clean' && row.score === score);
    const title = scoreTitle(score);
    return html`
      <div class="scroll" tabindex="0" role="region" aria-label="Detection by ${title}">
        <table class="leading">
          <caption>
            ${title} under each condition, held against clean samples
          </caption>
          <thead>
            <tr>
              <th scope="col">Condition</th>
              <th scope="col">Adversary</th>
              <th scope="col">Samples</th>
              <th scope="col">Spread (outline: clean)</th>
              <th scope="col">Ratio to clean (95%)</th>
              <th scope="col" title="The bar goes from 0 to 1, with chance in the middle">
                AUROC (95%)
              </th>
              <th scope="col" title="By the threshold that was set on the separate clean set">
                Flagged at 5% FPR (95%)
              </th>
            </tr>
          </thead>
          <tbody>
            ${rows.map(({ condition, row }) => this.#leadingRow(condition, row, clean))}
          </tbody>
        </table>
      </div>
      <details>
        <summary>Mean, AUPR and error rates of ${title}</summary>
        <div class="scroll" tabindex="0" role="region" aria-label="Error rates of ${title}">
          <table>
            <thead>
              <tr>
                <th scope="col">Condition</th>
                <th scope="col">Mean</th>
                <th scope="col">AUPR (chance)</th>
                <th scope="col" title="Clean samples flagged where 95% of the condition is">
                  FPR at 95% TPR, out positive
                </th>
                <th scope="col">TPR at 1% FPR</th>
                <th scope="col">TPR at 5% FPR</th>
              </tr>
            </thead>
            <tbody>
              ${rows.map(({ condition, row }) => this.#ratesRow(condition, row))}
            </tbody>
          </table>
        </div>
      </details>
    `;
  }

  #leadingRow(condition: Condition, row: DetectionRow, clean: DetectionRow | undefined): unknown {
    const { separation } = row;
    const [mean, from, to] = [row.mean.value, row.mean.lower, row.mean.upper].map(value =>
      this.#valueOf(row, value),
    );
    const spread = `${counted(row.count, 'sample')}, mean ${mean}, from ${from} to ${to}`;
    return html`<tr aria-current=${this.#isCurrent(condition)}>
      <th scope="row">${rowName(condition, row)}</th>
      <td class="text">${adversaryOf(condition)}</td>
      <td class="number">${row.count}</td>
      <td>
        <assay-score-histogram
          .counts=${row.histogram}
          .clean=${clean?.histogram ?? []}
          label=${spread}
        ></assay-score-histogram>
      </td>
      ${numberCell(ratioWithInterval(row.ratio))}
      ${
        separation === null
          ? html`<td></td>`
          : numberCell(
              withInterval(separation.auroc),
              intervalBar(separation.auroc, { middle: true }),
            )
      }
      ${numberCell(percentWithInterval(row.flagged.at(-1) ?? null))}
    </tr>`;
  }

  #ratesRow(condition: Condition, row: DetectionRow): unknown {
    const { separation } = row;
    return html`<tr aria-current=${this.#isCurrent(condition)}>
      <th scope="row">${rowName(condition, row)}</th>
      ${numberCell(this.#valueOf(row, row.mean.value))}
      ${
        separation === null
          ? html`<td colspan="4"></td>`
          : [
              `${percent(separation.averagePrecision)} (${percent(separation.baseRate)})`,
              percent(separation.fprAt95TprOutPositive),
              percent(separation.tprAt1Fpr),
              percent(separation.tprAt5Fpr),
            ].map(words => numberCell(words))
      }
    </tr>`;
  }

  #valueOf({ score }: DetectionRow, value: number): string {
    return scoreValue(this.detection ?? { histogramEdges: {} }, score, value);
  }

  #isCurrent({ id }: Condition): 'true' | 'false' {
    return id === this.current ? 'true' : 'false';
  }
}

function rowName({ label }: Condition, { subset }: DetectionRow): string {
  return subset === 'succeeded' ? `${label}, successes` : label;
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-detection-table': DetectionTable;
  }
}
