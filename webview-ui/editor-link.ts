import type { FromPanelMessage, ToPanelMessage } from '../src/protocol/panel-protocol.ts';
import type { ViewState } from './view-state.ts';

/** What VS Code gives a webview, once. */
interface EditorApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): EditorApi;

/** The panel's only way to the extension, and to the state that outlives it. */
export interface EditorLink {
  send(message: FromPanelMessage): void;
  /** @returns a function that stops listening */
  listen(receive: (message: ToPanelMessage) => void): () => void;
  loadState(): Partial<ViewState>;
  saveState(state: ViewState): void;
}

/** Connects to the editor; to be called once, since VS Code gives its interface only once. */
export function editorLink(): EditorLink {
  const api = acquireVsCodeApi();
  const modelUri = document.body.dataset['modelUri'] ?? '';
  const link: EditorLink = {
    send: message => api.postMessage(message),
    listen: receive => {
      // Only the extension can post to a webview; its messages are typed where they are made.
      const listener = (event: MessageEvent<ToPanelMessage>) => receive(event.data);
      window.addEventListener('message', listener);
      return () => window.removeEventListener('message', listener);
    },
    loadState: () => (api.getState() as Partial<ViewState> | undefined) ?? {},
    saveState: state => api.setState({ ...state, modelUri }),
  };
  // Kept from the start, so that a panel that was never touched can be restored as well.
  api.setState({ ...link.loadState(), modelUri });
  return link;
}
