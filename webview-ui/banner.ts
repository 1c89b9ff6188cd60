import '@vscode-elements/elements/dist/vscode-icon/index.js';
import { css, html } from 'lit';

/** What a {@link banner} is about: what went wrong, what is out of date, or what is still missing. */
export type BannerKind = keyof typeof icons;

const icons = { problem: 'error', stale: 'history', gap: 'info' } as const;

/** What a {@link banner} looks like: the colours in which the editor tells it of an input. */
export const bannerStyles = css`
  .banner {
    display: flex;
    gap: 8px;
    padding: 6px 10px;
    margin: 0;
    border: 1px solid var(--vscode-inputValidation-infoBorder, var(--vscode-widget-border));
    background: var(--vscode-inputValidation-infoBackground, transparent);
    color: var(--vscode-inputValidation-infoForeground, inherit);
  }
  .banner.stale {
    border-color: var(--vscode-inputValidation-warningBorder, var(--vscode-widget-border));
    background: var(--vscode-inputValidation-warningBackground, transparent);
    color: var(--vscode-inputValidation-warningForeground, inherit);
  }
  .banner.problem {
    border-color: var(--vscode-inputValidation-errorBorder, var(--vscode-errorForeground));
    background: var(--vscode-inputValidation-errorBackground, transparent);
    color: var(--vscode-inputValidation-errorForeground, inherit);
  }
  .banner vscode-icon {
    color: inherit;
  }
  .banner span {
    min-width: 0;
    overflow-wrap: anywhere;
  }
`;

/** A sentence about the whole panel; a screen reader interrupts what it says for a problem only. */
export function banner(kind: BannerKind, text: string): unknown {
  return html`<p class="banner ${kind}" role=${kind === 'problem' ? 'alert' : 'status'}>
    <vscode-icon name=${icons[kind]}></vscode-icon><span>${text}</span>
  </p>`;
}
