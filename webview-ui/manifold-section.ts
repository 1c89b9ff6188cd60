import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { ManifoldPicturesMessage } from '../src/protocol/panel-protocol.ts';
import type { AuditReport } from '../src/report/audit-report.ts';
import type { ConditionTable } from '../src/report/condition-table.ts';
import { correctionTable, naturalTable } from '../src/report/manifold-table.ts';
import { percentWithInterval } from '../src/report/wording.ts';
import './manifold-gallery.ts';
import { sharedStyles, tableStyles } from './shared-styles.ts';
import { textTable } from './text-table.ts';
import { counted } from '../src/wording/counted.ts';

type Trained = Extract<AuditReport['manifold'], { trained: true }>;

/**
 * What the learned manifold says: natural adversaries, what each correction mends and breaks, and
 * what the manifold holds.
 */
@customElement('assay-manifold-section')
export class ManifoldSection extends LitElement {
  static override styles = [
    sharedStyles,
    tableStyles,
    css`
      :host {
        display: block;
      }
      summary {
        cursor: pointer;
      }
      .scroll {
        overflow-x: auto;
        padding-top: 8px;
      }
      table {
        margin-bottom: 8px;
      }
      thead th {
        max-width: 20ch;
        white-space: normal;
        vertical-align: bottom;
      }
      .corrections :is(th, td):nth-child(2) {
        text-align: left;
      }
      details details {
        padding-top: 4px;
      }
      p {
        margin: 0 0 4px;
        max-width: 100ch;
      }
      .untrained {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        align-items: center;
      }
    `,
  ];

  @property({ attribute: false }) accessor conditions: AuditReport['conditions'] = [];
  @property({ attribute: false }) accessor manifold: AuditReport['manifold'];
  @property({ attribute: false }) accessor classNames: readonly string[] = [];
  @property({ attribute: false }) accessor pictures: ManifoldPicturesMessage | undefined;
  /** Whether it is being trained already. */
  @property({ type: Boolean }) accessor isTraining = false;

  override render(): unknown {
    const { conditions, manifold } = this;
    if (manifold === undefined) return nothing;
    if (!manifold.trained) return this.#untrained();
    const natural = naturalTable({ conditions, manifold });
    const share = 100 * (1 - manifold.heldOutError / manifold.errorOfMean);
    return html`<details @toggle=${this.#onToggle}>
      <summary>
        <strong>Manifold</strong> <span class="quiet">${inOneLine(manifold, conditions)}</span>
      </summary>
      ${scrolling('Natural adversaries', textTable(natural))} ${remarksOf(natural)}
      <p class="quiet">
        ${manifold.description} ${counted(manifold.latentSize, 'dimension')},
        ${counted(manifold.steps, 'step')}; reconstructions explain ${share.toFixed(1)}% of the
        variance of held-out samples.
      </p>
      ${
        manifold.pictures === undefined
          ? nothing
          : html`<assay-manifold-gallery
              .contents=${manifold.pictures}
              .pictures=${this.pictures}
              .classNames=${this.classNames}
            ></assay-manifold-gallery>`
      }
      ${corrections(correctionTable({ conditions, manifold }))}
    </details>`;
  }

  #untrained(): unknown {
    if (this.isTraining) return nothing;
    return html`<div class="untrained">
      <span><strong>Manifold</strong> <span class="quiet">It is not trained yet.</span></span>
      <vscode-button
        secondary
        icon="mortar-board"
        @click=${() => this.dispatchEvent(new CustomEvent('training-wanted'))}
        >Train manifold</vscode-button
      >
    </div>`;
  }

  /** Its pictures are asked for when they are to be seen. */
  #onToggle(event: Event): void {
    if (event.target instanceof HTMLDetailsElement && event.target.open) {
      this.dispatchEvent(new CustomEvent('pictures-wanted'));
    }
  }
}

/** What each correction mends and breaks: a row for each of them under each condition. */
function corrections(table: ConditionTable | undefined): unknown {
  if (table === undefined) return nothing;
  return html`<details class="corrections">
    <summary>What each correction mends and breaks</summary>
    ${scrolling('Correction', textTable(table))} ${remarksOf(table)}
  </details>`;
}

function scrolling(name: string, content: unknown): unknown {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${name}>${content}</div>`;
}

function remarksOf(table: ConditionTable | undefined): unknown {
  return (table?.remarks ?? []).map(remark => html`<p class="quiet">${remark}</p>`);
}

/** `Natural adversary, gradient search: 82.0% (…) · reconstruction of Clean: 98.0% (…)` */
function inOneLine({ corrections }: Trained, conditions: AuditReport['conditions']): string {
  const natural = conditions.find(({ kind }) => kind === 'natural');
  const clean = corrections.find(
    ({ condition, method }) => condition === 'clean' && method === 'reconstruction',
  );
  const found = natural?.outcomes?.succeeded ?? 0;
  return [
    ...(natural === undefined || natural.finished === 0
      ? []
      : [`natural adversaries of ${found} of ${counted(natural.finished, 'sample')}`]),
    ...(clean === undefined
      ? []
      : [`reconstructed clean samples are ${percentWithInterval(clean.after)} right`]),
  ].join(' · ');
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-manifold-section': ManifoldSection;
  }
}
