import '@vscode-elements/elements/dist/vscode-button/index.js';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { FromPanelMessage, ReportSummary, RunState } from '../src/protocol/panel-protocol.ts';
import { age, duration } from '../src/report/wording.ts';
import { progressStyles, sharedStyles } from './shared-styles.ts';
import { counted } from '../src/wording/counted.ts';

/** What its buttons ask for. */
export type AuditWish = Extract<FromPanelMessage, { kind: 'run' | 'cancel' | 'open' }>;

/** What was audited with what, how far an audit is that runs, and what can be done about it. */
@customElement('assay-audit-header')
export class AuditHeader extends LitElement {
  static override styles = [
    sharedStyles,
    progressStyles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        gap: 14px;
      }
      .title {
        display: flex;
        flex-wrap: wrap;
        gap: 8px 16px;
        align-items: start;
        justify-content: space-between;
      }
      h1 {
        font-size: 1.4em;
        font-weight: 600;
        margin: 0;
      }
      .actions {
        display: flex;
        gap: 8px;
      }
    `,
  ];

  @property() accessor modelName = '';
  @property({ attribute: false }) accessor report: ReportSummary | undefined;
  @property({ attribute: false }) accessor run: RunState | undefined;
  /** Whether something below it offers what is to be done next more prominently. */
  @property({ type: Boolean }) accessor isOfferedElsewhere = false;

  override render(): unknown {
    const { modelName, report, run } = this;
    return html`<div class="title">
        <div>
          <h1>${report?.model.name ?? modelName}</h1>
          ${report === undefined ? nothing : html`<span class="quiet">${describeRun(report)}</span>`}
        </div>
        <div class="actions">
          ${
            run === undefined
              ? html`<vscode-button
                  ?secondary=${this.isOfferedElsewhere}
                  icon="play"
                  @click=${() => this.#wish({ kind: 'run' })}
                  >Run audit</vscode-button
                >`
              : html`<vscode-button
                  secondary
                  icon="debug-stop"
                  @click=${() => this.#wish({ kind: 'cancel' })}
                  >Cancel</vscode-button
                >`
          }
          <vscode-button secondary @click=${() => this.#wish({ kind: 'open', what: 'config' })}
            >Configuration</vscode-button
          >
        </div>
      </div>
      ${run === undefined ? nothing : progress(run)}`;
  }

  #wish(detail: AuditWish): void {
    this.dispatchEvent(new CustomEvent<AuditWish>('audit-wish', { detail }));
  }
}

function progress({ phase, fraction, secondsLeft }: RunState): unknown {
  const left = secondsLeft === undefined ? '' : `, ${duration(secondsLeft)} left`;
  return html`<div role="status">
    <progress max="1" .value=${fraction} aria-label="Progress of the audit"></progress>
    <span class="quiet">${phase}, ${Math.floor(100 * fraction)}%${left}</span>
  </div>`;
}

/** What was audited with what, in one line. */
function describeRun({ model, data, engine, seed, seconds, updatedAt }: ReportSummary): string {
  return [
    model.format,
    counted(model.parameterCount, 'parameter'),
    counted(data.samples, 'sample'),
    `seed ${seed}`,
    engine.version,
    duration(seconds),
    age(updatedAt, new Date()),
  ].join(' · ');
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-audit-header': AuditHeader;
  }
}
