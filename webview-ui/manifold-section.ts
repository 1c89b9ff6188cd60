import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { AuditReport } from '../src/report/audit-report.ts';
import { correctionTable, naturalTable } from '../src/report/manifold-table.ts';
import { sharedStyles, tableStyles } from './shared-styles.ts';
import { textTable } from './text-table.ts';

/** What the learned manifold says: natural adversaries, and what each correction mends and breaks. */
@customElement('assay-manifold-section')
export class ManifoldSection extends LitElement {
  static override styles = [
    sharedStyles,
    tableStyles,
    css`
      :host {
        display: block;
      }
      .parts {
        overflow-x: auto;
        padding-top: 8px;
      }
      table {
        margin-bottom: 8px;
      }
      td:nth-child(2) {
        text-align: left;
      }
      p {
        margin: 0 0 4px;
      }
    `,
  ];

  @property({ attribute: false }) accessor conditions: AuditReport['conditions'] = [];
  @property({ attribute: false }) accessor manifold: AuditReport['manifold'];

  override render(): unknown {
    const { conditions, manifold } = this;
    if (manifold === undefined) return nothing;
    if (!manifold.trained) return html`<p class="quiet">${manifold.reason} ${manifold.remedy}</p>`;
    const tables = [
      naturalTable({ conditions, manifold }),
      correctionTable({ conditions, manifold }),
    ];
    const share = 100 * (1 - manifold.heldOutError / manifold.errorOfMean);
    return html`<div class="parts" tabindex="0" role="region" aria-label="Manifold">
      ${textTable('Natural adversaries', tables[0])} ${textTable('Correction', tables[1])}
      ${tables.flatMap(table => table?.remarks ?? []).map(remark => html`<p class="quiet">${remark}</p>`)}
      <p class="quiet">
        ${manifold.description} ${manifold.latentSize} dimensions, ${manifold.steps} steps;
        reconstructions explain ${share.toFixed(1)}% of the variance of held-out samples.
      </p>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-manifold-section': ManifoldSection;
  }
}
