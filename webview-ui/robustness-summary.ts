import { css, html, LitElement, nothing, svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { AuditReport, Condition, Flag } from '../src/report/audit-report.ts';
import type { RobustnessCurve } from '../src/report/robustness-record.ts';
import {
  certifiedTable,
  classTable,
  curveName,
  markOfSuite,
  settingWords,
  smallestChangeTable,
  worstCaseTable,
} from '../src/report/robustness-table.ts';
import { distance, norm, percent, percentWithInterval, scientific } from '../src/report/wording.ts';
import { sharedStyles, tableStyles } from './shared-styles.ts';
import { textTable } from './text-table.ts';

/** Size of the drawing of a curve in its own units; text is beside it, so that it stays legible. */
const width = 320;
const height = 120;
const strokes = ['solid', 'dashed', 'dotted'] as const;

/**
 * What all attacks say together: the worst case of each sample, accuracy against the size of the
 * change, and the classes and settings of the condition that is looked at.
 */
@customElement('assay-robustness-summary')
export class RobustnessSummary extends LitElement {
  static override styles = [
    sharedStyles,
    tableStyles,
    css`
      :host {
        display: block;
      }
      .parts {
        display: flex;
        flex-wrap: wrap;
        gap: 14px 32px;
        align-items: start;
        padding-top: 8px;
      }
      figure {
        margin: 0;
      }
      figcaption {
        font-weight: 600;
        padding-bottom: 4px;
      }
      svg {
        display: block;
        width: 320px;
        height: 120px;
      }
      .axis {
        stroke: var(--vscode-widget-border, var(--vscode-descriptionForeground));
        fill: none;
      }
      .interval {
        fill: var(--vscode-charts-blue, var(--vscode-textLink-foreground));
        opacity: 0.2;
      }
      .curve {
        fill: none;
        stroke: var(--vscode-charts-blue, var(--vscode-textLink-foreground));
        stroke-width: 1.5;
      }
      .dashed {
        stroke-dasharray: 6 3;
      }
      .dotted {
        stroke-dasharray: 2 2;
      }
      .scale {
        display: flex;
        justify-content: space-between;
        width: 320px;
      }
      .key {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      .key svg {
        display: inline-block;
        width: 28px;
        height: 4px;
        vertical-align: middle;
      }
      .parts details {
        max-width: 80ch;
      }
      summary {
        cursor: pointer;
      }
    `,
  ];

  @property({ attribute: false }) accessor conditions: readonly Condition[] = [];
  @property({ attribute: false }) accessor flags: readonly Flag[] = [];
  @property({ attribute: false }) accessor robustness: AuditReport['robustness'];
  @property({ attribute: false }) accessor certified: AuditReport['certified'];
  @property({ attribute: false }) accessor model: AuditReport['model'] | undefined;
  /** Id of the condition that is looked at. */
  @property() accessor current = '';

  override render(): unknown {
    const { robustness, model } = this;
    if (model === undefined) return nothing;
    const report = {
      conditions: [...this.conditions],
      robustness,
      model,
      flags: [...this.flags],
    };
    const worst = worstCaseTable(report);
    const shown = this.conditions.find(({ id }) => id === this.current);
    const curves = robustness?.curves ?? [];
    const norms = [...new Set(curves.map(curve => curve.norm))];
    return html`<details>
        <summary>
          <strong>All attacks together</strong>
          <span class="quiet">${inOneLine(robustness, markOfSuite(report))}</span>
        </summary>
        <div class="parts">
          ${textTable(worst, 'Worst case of each sample')} ${textTable(smallestChangeTable(report))}
          ${norms.map(kind =>
            figure(
              kind,
              curves.filter(curve => curve.norm === kind),
              curve => curveName(report, curve),
            ),
          )}
          ${shown === undefined ? nothing : this.#condition(report, shown)}
        </div>
        ${worst?.remarks.map(remark => html`<p class="quiet">${remark}</p>`) ?? nothing}
      </details>
      ${this.#proved()}`;
  }

  /** Apart from the attacks, since it is about another model: this one averaged over noise. */
  #proved(): unknown {
    const { certified } = this;
    const proved = certifiedTable({ ...(certified === undefined ? {} : { certified }) });
    return proved === undefined
      ? nothing
      : html`<details>
          <summary><strong>Proved by randomised smoothing</strong></summary>
          ${textTable(proved)} ${proved.remarks.map(remark => html`<p class="quiet">${remark}</p>`)}
        </details>`;
  }

  #condition(report: Parameters<typeof classTable>[0], shown: Condition): unknown {
    const classes = classTable(report, shown);
    const { attack } = shown;
    return html`
      ${
        classes === undefined
          ? nothing
          : html`<details>
              <summary>Classes under ${shown.label}</summary>
              ${textTable(classes)}
            </details>`
      }
      ${
        attack === undefined
          ? nothing
          : html`<details>
              <summary>Settings of ${shown.label}</summary>
              <p>${settingWords(attack.settings)}</p>
            </details>`
      }
    `;
  }
}

/** The robust accuracies, or what there is instead. */
function inOneLine(robustness: AuditReport['robustness'], mark: string): string {
  const [first, ...others] = robustness?.worstCases ?? [];
  if (first !== undefined) {
    return [first, ...others]
      .map(
        ({ norm: kind, epsilon, accuracy }) =>
          `${norm(kind)} ≤ ${distance(epsilon)}: ${percentWithInterval(accuracy)}${mark}`,
      )
      .join(' · ');
  }
  const curve = robustness?.curves.at(-1);
  return curve === undefined
    ? 'once an attack has finished'
    : `half of the answers are wrong at ${norm(curve.norm)} ${distance(curve.epsilonAtHalfAccuracy)}${mark}`;
}

/** Curves of one norm over a common axis; the interval is shaded for the last, the worst case. */
function figure(
  kind: RobustnessCurve['norm'],
  curves: readonly RobustnessCurve[],
  nameOf: (curve: RobustnessCurve) => string,
): unknown {
  const end = Math.max(...curves.flatMap(({ points }) => points.map(({ epsilon }) => epsilon)));
  if (!(end > 0)) return nothing;
  const x = (epsilon: number) => ((width * epsilon) / end).toFixed(1);
  const y = (share: number) => (height * (1 - share)).toFixed(1);
  const line = ({ points }: RobustnessCurve) =>
    points.map(({ epsilon, accuracy }) => `${x(epsilon)},${y(accuracy.value ?? 0)}`).join(' ');
  const last = curves.at(-1)?.points ?? [];
  const band = [
    ...last.map(({ epsilon, accuracy }) => `${x(epsilon)},${y(accuracy.upper)}`),
    ...last.toReversed().map(({ epsilon, accuracy }) => `${x(epsilon)},${y(accuracy.lower)}`),
  ].join(' ');
  const summary = curves
    .map(
      curve =>
        `${nameOf(curve)}: ${percent(curve.points[0]?.accuracy.value ?? null)} without change, half at ${distance(curve.epsilonAtHalfAccuracy)}`,
    )
    .join('; ');
  return html`<figure>
    <figcaption>Accuracy against ${norm(kind)} size</figcaption>
    <svg
      viewBox="0 0 ${width} ${height}"
      preserveAspectRatio="none"
      role="img"
      aria-label=${summary}
    >
      ${svg`<path class="axis" d="M0,0 V${height} H${width}" />
        <path class="axis" d="M0,${height / 2} H${width}" stroke-dasharray="1 4" />
        <polygon class="interval" points=${band} />
        ${curves.map((curve, i) => svg`<polyline class="curve ${stroke(i)}" points=${line(curve)} />`)}`}
    </svg>
    <div class="scale quiet"><span>0</span><span>${scientific(end)}</span></div>
    <ul class="key">
      ${curves.map(
        (curve, i) =>
          html`<li>
            <svg viewBox="0 0 28 4" aria-hidden="true">
              ${svg`<path class="curve ${stroke(i)}" d="M0,2 H28" />`}
            </svg>
            ${nameOf(curve)}
          </li>`,
      )}
    </ul>
  </figure>`;
}

function stroke(position: number): string {
  return strokes[position % strokes.length] ?? 'solid';
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-robustness-summary': RobustnessSummary;
  }
}
