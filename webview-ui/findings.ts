import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Check, Flag, GradientCheckRecord } from '../src/report/audit-report.ts';
import { sharedStyles } from './shared-styles.ts';

const verdictWords = {
  pass: 'Met',
  warn: 'Uncertain',
  fail: 'Missed',
  unknown: 'Not measured',
} as const satisfies Record<Check['verdict'], string>;

const verdictIcons = {
  pass: 'pass',
  warn: 'warning',
  fail: 'error',
  unknown: 'question',
} as const satisfies Record<Check['verdict'], string>;

/** Requirements with their verdicts, and what makes numbers less trustworthy. */
@customElement('assay-findings')
export class Findings extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: block;
      }
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      li {
        display: flex;
        gap: 6px;
        padding: 2px 0;
        max-width: 100ch;
      }
      .pass {
        color: var(--vscode-testing-iconPassed, var(--vscode-charts-green));
      }
      .warn,
      .warning {
        color: var(--vscode-list-warningForeground, var(--vscode-charts-yellow));
      }
      .fail,
      .error {
        color: var(--vscode-list-errorForeground, var(--vscode-errorForeground));
      }
      vscode-icon {
        flex: none;
        color: inherit;
      }
    `,
  ];

  @property({ attribute: false }) accessor checks: readonly Check[] = [];
  @property({ attribute: false }) accessor flags: readonly Flag[] = [];
  @property({ attribute: false }) accessor gradientCheck: GradientCheckRecord | null = null;

  override render(): unknown {
    const nothingToSay =
      this.checks.length === 0 && this.flags.length === 0 && this.gradientCheck === null;
    if (nothingToSay) return nothing;
    return html`
      <h2 id="title">Requirements and findings</h2>
      <ul aria-labelledby="title">
        ${this.checks.map(
          check =>
            html`<li>
              <span class=${check.verdict}>
                <vscode-icon name=${verdictIcons[check.verdict]}></vscode-icon>
                <span class="visually-hidden">${verdictWords[check.verdict]}:</span>
              </span>
              <span>
                <strong>${check.label}</strong>
                <span class="quiet">${check.explanation}</span>
              </span>
            </li>`,
        )}
        ${this.flags.map(
          flag =>
            html`<li>
              <span class=${flag.severity}>
                <vscode-icon name=${flag.severity}></vscode-icon>
                <span class="visually-hidden">${flag.severity}:</span>
              </span>
              <span>${flag.message} <span class="quiet">${flag.remedy}</span></span>
            </li>`,
        )}
        ${
          this.gradientCheck?.verdict === 'agrees'
            ? html`<li>
                <span class="pass"><vscode-icon name="pass"></vscode-icon></span>
                <span class="quiet">${this.gradientCheck.explanation}</span>
              </li>`
            : nothing
        }
      </ul>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-findings': Findings;
  }
}
