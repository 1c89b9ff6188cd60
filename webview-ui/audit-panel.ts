import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type {
  ManifoldPicturesMessage,
  SampleFilter,
  SampleOrder,
  ToPanelMessage,
} from '../src/protocol/panel-protocol.ts';
import type { Mark } from './adversary-question.ts';
import './audit-header.ts';
import type { AuditWish } from './audit-header.ts';
import { banner, bannerStyles } from './banner.ts';
import './condition-summary.ts';
import './detection-summary.ts';
import type { EditorLink } from './editor-link.ts';
import './findings.ts';
import './manifold-section.ts';
import './robustness-summary.ts';
import './sample-detail.ts';
import './sample-grid.ts';
import { SampleSource } from './sample-source.ts';
import './sample-toolbar.ts';
import { sharedStyles } from './shared-styles.ts';
import type { TrainingWish } from './training-section.ts';
import './training-section.ts';
import { initialView, withCondition, type ViewState } from './view-state.ts';

type Snapshot = Extract<ToPanelMessage, { kind: 'snapshot' }>;

/** The whole panel: a function of the last snapshot and of what the user has chosen to look at. */
@customElement('assay-panel')
export class AuditPanel extends LitElement {
  static override styles = [
    sharedStyles,
    bannerStyles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        gap: 14px;
        min-height: 100vh;
        padding: 12px 20px;
        box-sizing: border-box;
      }
      .samples {
        display: flex;
        flex-direction: column;
        gap: 8px;
        flex: 1;
        min-height: 360px;
      }
      assay-sample-grid {
        flex: 1;
        height: 480px;
      }
    `,
  ];

  @property({ attribute: false }) accessor link: EditorLink | undefined;
  @state() accessor #snapshot: Snapshot | undefined;
  @state() accessor #view: ViewState = initialView('clean');
  @state() accessor #revision = 0;
  @state() accessor #manifoldPictures: ManifoldPicturesMessage | undefined;
  #wantsManifoldPictures = false;
  /** Whether the user has chosen a condition; until then the panel follows the audit. */
  #hasChosen = false;
  #source: SampleSource | undefined;
  #stopListening: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    const { link } = this;
    if (link === undefined) return;
    const kept = link.loadState();
    this.#view = { ...this.#view, ...kept };
    this.#hasChosen = kept.condition !== undefined;
    this.#source = new SampleSource(
      message => link.send(message),
      () => this.#revision++,
    );
    this.#stopListening = link.listen(message => this.#receive(message));
    link.send({ kind: 'ready' });
  }

  override disconnectedCallback(): void {
    this.#stopListening?.();
    super.disconnectedCallback();
  }

  override render(): unknown {
    const snapshot = this.#snapshot;
    if (snapshot === undefined) return html`<p class="quiet" role="status">Loading…</p>`;
    const { report, problem, gap, stale } = snapshot;
    const training = this.#training(snapshot);
    return html`
      <assay-audit-header
        .modelName=${snapshot.modelName}
        .report=${report}
        .run=${snapshot.run}
        .isOfferedElsewhere=${training !== undefined}
        @audit-wish=${(event: CustomEvent<AuditWish>) => this.link?.send(event.detail)}
      ></assay-audit-header>
      ${
        training === undefined
          ? nothing
          : html`<assay-training-section
              .training=${training}
              @training-wish=${(event: CustomEvent<TrainingWish>) => this.link?.send({ kind: event.detail })}
            ></assay-training-section>`
      }
      ${problem === undefined ? nothing : banner('problem', problem)}
      ${gap === undefined ? nothing : banner('gap', gap)}
      ${stale === undefined ? nothing : banner('stale', `Out of date: ${stale}.`)}
      ${
        report === undefined
          ? nothing
          : html`
              <assay-condition-summary
                .conditions=${report.conditions}
                .flags=${report.flags}
                current=${this.#view.condition}
                @condition-chosen=${(event: CustomEvent<string>) => this.#chooseCondition(event.detail)}
              ></assay-condition-summary>
              <assay-robustness-summary
                .conditions=${report.conditions}
                .flags=${report.flags}
                .robustness=${report.robustness}
                .certified=${report.certified}
                .model=${report.model}
                current=${this.#view.condition}
              ></assay-robustness-summary>
              <assay-detection-summary
                .conditions=${report.conditions}
                .detection=${report.detection}
                current=${this.#view.condition}
              ></assay-detection-summary>
              ${report.manifold === undefined ? nothing : this.#manifold(report, training)}
              <assay-findings
                .checks=${report.checks}
                .flags=${report.flags}
                .gradientCheck=${report.gradientCheck}
              ></assay-findings>
              ${this.#samples(report)}
            `
      }
    `;
  }

  override updated(changed: PropertyValues): void {
    super.updated(changed);
    if (this.#hasChosen) this.link?.saveState(this.#view);
  }

  #manifold(
    { conditions, manifold, model }: NonNullable<Snapshot['report']>,
    training: Snapshot['training'],
  ): unknown {
    return html`<assay-manifold-section
      .conditions=${conditions}
      .manifold=${manifold}
      .classNames=${model.classNames}
      .pictures=${this.#manifoldPictures}
      .isTraining=${training !== undefined}
      @training-wanted=${() => this.link?.send({ kind: 'train' })}
      @pictures-wanted=${() => this.#askManifoldPictures()}
    ></assay-manifold-section>`;
  }

  #samples(report: NonNullable<Snapshot['report']>): unknown {
    const { selected, condition } = this.#view;
    const { classNames, inputShape } = report.model;
    const shown = report.conditions.find(({ id }) => id === condition);
    const sample = selected === undefined ? undefined : this.#source?.find(selected);
    const total = this.#source?.total ?? 0;
    return html`<section class="samples" aria-label="Samples" @adversary-marked=${this.#mark}>
      <assay-sample-toolbar
        .conditions=${report.conditions}
        .filter=${this.#view.filter}
        .classNames=${classNames}
        .total=${total}
        @condition-chosen=${(event: CustomEvent<string>) => this.#chooseCondition(event.detail)}
        @filter-chosen=${(event: CustomEvent<SampleFilter>) => this.#look({ filter: event.detail })}
      ></assay-sample-toolbar>
      ${
        sample === undefined
          ? nothing
          : html`<assay-sample-detail
              .sample=${sample}
              .pictures=${this.#source?.picturesOf(sample.index)}
              .conditions=${report.conditions}
              .manifold=${report.manifold}
              .classNames=${classNames}
              @detail-closed=${() => this.#look({ selected: undefined })}
            ></assay-sample-detail>`
      }
      <assay-sample-grid
        .source=${this.#source}
        .revision=${this.#revision}
        .total=${total}
        .condition=${shown}
        .order=${this.#view.order}
        .classNames=${classNames}
        .hasPictures=${inputShape.length === 3}
        .selected=${selected}
        @order-chosen=${(event: CustomEvent<SampleOrder>) => this.#look({ order: event.detail })}
        @sample-chosen=${(event: CustomEvent<number>) => this.#look({ selected: event.detail })}
      ></assay-sample-grid>
    </section>`;
  }

  #receive(message: ToPanelMessage): void {
    switch (message.kind) {
      case 'snapshot':
        this.#receiveSnapshot(message);
        break;
      case 'manifold-pictures':
        this.#manifoldPictures = message;
        break;
      case 'samples':
      case 'pictures':
        this.#source?.receive(message);
    }
  }

  #receiveSnapshot(message: Snapshot): void {
    const before = versionOf(this.#snapshot);
    this.#snapshot = message;
    const { report } = message;
    if (report === undefined) return;
    if (!this.#hasChosen) this.#followAudit(report.conditions);
    if (versionOf(message) === before) return;
    this.#source?.reload(this.#view);
    if (this.#wantsManifoldPictures) this.#askManifoldPictures();
  }

  #askManifoldPictures(): void {
    this.#wantsManifoldPictures = true;
    this.link?.send({ kind: 'manifold-pictures' });
  }

  #mark(event: CustomEvent<Mark>): void {
    this.link?.send({ kind: 'mark', ...event.detail });
  }

  /** What is to be said of a training; nothing any more once the report is made with its manifold. */
  #training({ report, run, training }: Snapshot): Snapshot['training'] {
    if (training?.state !== 'trained') return training;
    const { manifold } = report ?? {};
    const isUsed = manifold?.trained === true && manifold.key === training.key;
    return isUsed || run !== undefined ? undefined : training;
  }

  /** Shows the first attack as soon as it has something to show. */
  #followAudit(conditions: NonNullable<Snapshot['report']>['conditions']): void {
    const first = conditions.find(({ kind, finished }) => kind === 'attack' && finished > 0);
    this.#view = withCondition(this.#view, first?.id ?? 'clean');
  }

  #chooseCondition(condition: string): void {
    this.#hasChosen = true;
    this.#view = withCondition(this.#view, condition);
    this.#source?.reload(this.#view);
  }

  #look(change: Partial<ViewState>): void {
    this.#hasChosen = true;
    this.#view = { ...this.#view, ...change };
    if (!('selected' in change)) this.#source?.reload(this.#view);
  }
}

/** Changes whenever samples or pictures of the report may have changed, marks included. */
function versionOf(snapshot: Snapshot | undefined): string | undefined {
  const { report } = snapshot ?? {};
  if (report === undefined) return undefined;
  const { manifold } = report;
  const marks =
    manifold?.trained === true ? manifold.naturalAdversaries.map(({ marks }) => marks) : [];
  return JSON.stringify([report.updatedAt, marks]);
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-panel': AuditPanel;
  }
}
