import { css, html, LitElement } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { FromPanelMessage } from '../src/protocol/panel-protocol.ts';
import type { LooksLikeLabel } from '../src/report/manifold-record.ts';
import { sharedStyles } from './shared-styles.ts';

/** What is said of a natural adversary, and of which one. */
export type Mark = Omit<Extract<FromPanelMessage, { kind: 'mark' }>, 'kind'>;

/** The answers, each with the key that gives it. */
const answers: readonly { readonly value: LooksLikeLabel; readonly title: string }[] = [
  { value: 'yes', title: 'Yes' },
  { value: 'no', title: 'No' },
  { value: 'unsure', title: 'Unsure' },
];

/** The answer that a key gives, if it gives one. */
export function answerOfKey({
  key,
  ctrlKey,
  metaKey,
  altKey,
}: KeyboardEvent): LooksLikeLabel | undefined {
  if (ctrlKey || metaKey || altKey) return undefined;
  return answers.find(({ value }) => value.startsWith(key.toLowerCase()) && key.length === 1)
    ?.value;
}

/** Tells the panel of an answer; the same one again takes it back. */
export function markEvent(mark: Mark, looksLikeLabel: LooksLikeLabel): CustomEvent<Mark> {
  return new CustomEvent('adversary-marked', {
    detail: {
      ...mark,
      looksLikeLabel: mark.looksLikeLabel === looksLikeLabel ? undefined : looksLikeLabel,
    },
    bubbles: true,
    composed: true,
  });
}

/** "Does it still look like its label?", to be answered by whoever looks. */
@customElement('assay-adversary-question')
export class AdversaryQuestion extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      [role='group'] {
        display: inline-flex;
        border: 1px solid var(--vscode-button-border, var(--vscode-widget-border, currentColor));
        border-radius: 2px;
      }
      button {
        font: inherit;
        padding: 1px 6px;
        border: 0;
        color: inherit;
        background: transparent;
        cursor: pointer;
      }
      button:hover {
        background: var(--vscode-toolbar-hoverBackground, var(--vscode-list-hoverBackground));
      }
      button[aria-pressed='true'] {
        color: var(--vscode-button-foreground);
        background: var(--vscode-button-background);
        /* Themes of high contrast have this colour, and one background for all buttons. */
        outline: 1px solid var(--vscode-contrastActiveBorder, transparent);
        outline-offset: -3px;
      }
    `,
  ];

  @property({ attribute: false }) accessor mark: Mark | undefined;
  /** The whole question, for those who cannot see the picture above it. */
  @property() accessor label = '';

  override render(): unknown {
    return html`<div role="group" aria-label=${this.label} @keydown=${this.#onKey}>
      ${answers.map(
        ({ value, title }) =>
          html`<button
            aria-pressed=${this.mark?.looksLikeLabel === value ? 'true' : 'false'}
            title="${title} (${value.charAt(0).toUpperCase()})"
            @click=${() => this.#answer(value)}
          >
            ${title}
          </button>`,
      )}
    </div>`;
  }

  #answer(value: LooksLikeLabel): void {
    if (this.mark !== undefined) this.dispatchEvent(markEvent(this.mark, value));
  }

  #onKey(event: KeyboardEvent): void {
    const value = answerOfKey(event);
    if (value !== undefined) this.#answer(value);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'assay-adversary-question': AdversaryQuestion;
  }
}
