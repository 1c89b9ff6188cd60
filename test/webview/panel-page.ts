import { build } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { chromium, type Browser, type Page } from 'playwright-core';
import { panelHtml } from '../../src/extension/panel-html.ts';
import { querySamples } from '../../src/extension/sample-query.ts';
import type { FromPanelMessage, ToPanelMessage } from '../../src/protocol/panel-protocol.ts';
import type { AuditReport } from '../../src/report/audit-report.ts';
import { chromiumArguments, provideChromium } from '../host/chromium.ts';

const root = resolve(import.meta.dirname, '../..');
const origin = 'http://panel.test';

/** Colours of VS Code's own themes, as far as the panel's contrast depends on them. */
const themes = {
  dark: {
    '--vscode-foreground': '#cccccc',
    '--vscode-icon-foreground': '#cccccc',
    '--vscode-editor-background': '#1f1f1f',
    '--vscode-descriptionForeground': '#9d9d9d',
    '--vscode-errorForeground': '#f85149',
    '--vscode-textLink-foreground': '#4daafc',
    '--vscode-panel-border': '#2b2b2b',
    '--vscode-focusBorder': '#0078d4',
    '--vscode-button-background': '#0078d4',
    '--vscode-button-foreground': '#ffffff',
    '--vscode-button-secondaryBackground': '#313131',
    '--vscode-button-secondaryForeground': '#cccccc',
    '--vscode-list-hoverBackground': '#2a2d2e',
    '--vscode-list-inactiveSelectionBackground': '#37373d',
    '--vscode-charts-blue': '#4daafc',
    '--vscode-progressBar-background': '#0078d4',
    '--vscode-settings-dropdownBackground': '#313131',
    '--vscode-settings-dropdownForeground': '#cccccc',
    '--vscode-settings-textInputBackground': '#313131',
    '--vscode-settings-textInputForeground': '#cccccc',
    '--vscode-input-placeholderForeground': '#989898',
    '--vscode-list-warningForeground': '#cca700',
    '--vscode-inputValidation-infoBackground': '#063b49',
    '--vscode-inputValidation-infoBorder': '#007acc',
    '--vscode-inputValidation-warningBackground': '#352a05',
    '--vscode-inputValidation-warningBorder': '#b89500',
    '--vscode-inputValidation-errorBackground': '#5a1d1d',
    '--vscode-inputValidation-errorBorder': '#be1100',
  },
  light: {
    '--vscode-foreground': '#3b3b3b',
    '--vscode-icon-foreground': '#3b3b3b',
    '--vscode-editor-background': '#ffffff',
    '--vscode-descriptionForeground': '#3b3b3b',
    '--vscode-errorForeground': '#c72e0f',
    '--vscode-textLink-foreground': '#005fb8',
    '--vscode-panel-border': '#e5e5e5',
    '--vscode-focusBorder': '#005fb8',
    '--vscode-button-background': '#005fb8',
    '--vscode-button-foreground': '#ffffff',
    '--vscode-button-secondaryBackground': '#e5e5e5',
    '--vscode-button-secondaryForeground': '#3b3b3b',
    '--vscode-list-hoverBackground': '#f2f2f2',
    '--vscode-list-inactiveSelectionBackground': '#e4e6f1',
    '--vscode-charts-blue': '#1a85ff',
    '--vscode-progressBar-background': '#005fb8',
    '--vscode-settings-dropdownBackground': '#ffffff',
    '--vscode-settings-dropdownForeground': '#3b3b3b',
    '--vscode-settings-textInputBackground': '#ffffff',
    '--vscode-settings-textInputForeground': '#3b3b3b',
    '--vscode-input-placeholderForeground': '#636363',
    '--vscode-list-warningForeground': '#7a5c00',
    '--vscode-inputValidation-infoBackground': '#d6ecf2',
    '--vscode-inputValidation-infoBorder': '#007acc',
    '--vscode-inputValidation-warningBackground': '#f6f5d2',
    '--vscode-inputValidation-warningBorder': '#b89500',
    '--vscode-inputValidation-errorBackground': '#f2dede',
    '--vscode-inputValidation-errorBorder': '#be1100',
  },
  'high-contrast': {
    '--vscode-foreground': '#ffffff',
    '--vscode-icon-foreground': '#ffffff',
    '--vscode-editor-background': '#000000',
    '--vscode-contrastBorder': '#6fc3df',
    '--vscode-contrastActiveBorder': '#f38518',
    '--vscode-descriptionForeground': 'rgba(255, 255, 255, 0.7)',
    '--vscode-errorForeground': '#f48771',
    '--vscode-textLink-foreground': '#21a6ff',
    '--vscode-panel-border': '#6fc3df',
    '--vscode-widget-border': '#6fc3df',
    '--vscode-focusBorder': '#f38518',
    '--vscode-button-background': '#000000',
    '--vscode-button-foreground': '#ffffff',
    '--vscode-button-border': '#6fc3df',
    '--vscode-button-secondaryBackground': '#000000',
    '--vscode-button-secondaryForeground': '#ffffff',
    '--vscode-list-hoverBackground': 'rgba(255, 255, 255, 0.1)',
    '--vscode-charts-blue': '#3794ff',
    '--vscode-progressBar-background': '#6fc3df',
    '--vscode-settings-dropdownBackground': '#000000',
    '--vscode-settings-dropdownForeground': '#ffffff',
    '--vscode-settings-dropdownBorder': '#6fc3df',
    '--vscode-settings-textInputBackground': '#000000',
    '--vscode-settings-textInputForeground': '#ffffff',
    '--vscode-settings-textInputBorder': '#6fc3df',
    '--vscode-input-placeholderForeground': 'rgba(255, 255, 255, 0.7)',
    '--vscode-inputValidation-infoBackground': '#000000',
    '--vscode-inputValidation-infoBorder': '#6fc3df',
    '--vscode-inputValidation-warningBackground': '#000000',
    '--vscode-inputValidation-warningBorder': '#6fc3df',
    '--vscode-inputValidation-errorBackground': '#000000',
    '--vscode-inputValidation-errorBorder': '#6fc3df',
  },
} as const;

/** Letters as the editor sets them; without a font of the system's, tests would measure a serif one. */
const letters = {
  '--vscode-font-family': 'system-ui, "DejaVu Sans", sans-serif',
  '--vscode-font-size': '13px',
};

/** The panel in a browser page, with the real page, policy and sample queries of the extension. */
export class PanelPage {
  readonly page: Page;
  /** What the panel has said so far. */
  readonly received: FromPanelMessage[] = [];
  /** Violations of the security policy, and errors: there must be none. */
  readonly complaints: string[] = [];
  /** How long the extension takes to answer a question for samples. */
  answerMilliseconds = 0;
  #report: AuditReport | undefined;
  #snapshot: ToPanelMessage | undefined;

  private constructor(page: Page) {
    this.page = page;
  }

  /** @param state what the editor kept of an earlier panel */
  static async open(
    browser: Browser,
    options: { theme?: keyof typeof themes; width?: number; state?: unknown } = {},
  ): Promise<PanelPage> {
    const { theme = 'dark', width = 1100, state = null } = options;
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const panel = new PanelPage(page);
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') {
        panel.complaints.push(message.text());
      }
    });
    page.on('pageerror', error => panel.complaints.push(error.message));
    const files = await panelFiles();
    await page.route(`${origin}/**`, async route => {
      const body = files.get(new URL(route.request().url()).pathname);
      if (body === undefined) await route.fulfill({ status: 404 });
      else await route.fulfill(body);
    });
    await page.exposeFunction('hostReceive', (message: FromPanelMessage) => panel.#answer(message));
    // Runs in the page, before the panel's own script.
    await page.addInitScript(
      `globalThis.keptState = ${JSON.stringify(state)};
       globalThis.acquireVsCodeApi = () => ({
         postMessage: message => hostReceive(message),
         getState: () => globalThis.keptState ?? undefined,
         setState: value => { globalThis.keptState = value; },
       });`,
    );
    await page.goto(`${origin}/`);
    for (const [name, value] of Object.entries({ ...letters, ...themes[theme] })) {
      await page.evaluate(
        `document.documentElement.style.setProperty(${JSON.stringify(name)}, ${JSON.stringify(value)})`,
      );
    }
    return panel;
  }

  /** Shows a report, as the extension does when it changes. */
  async show(
    report: AuditReport | undefined,
    rest: Partial<Extract<ToPanelMessage, { kind: 'snapshot' }>> = {},
  ): Promise<void> {
    this.#report = report;
    const { samples: _, ...summary } = report ?? { samples: [] };
    this.#snapshot = {
      kind: 'snapshot',
      modelName: 'digits-cnn',
      report: report === undefined ? undefined : (summary as Omit<AuditReport, 'samples'>),
      run: undefined,
      training: undefined,
      problem: undefined,
      gap: undefined,
      stale: undefined,
      ...rest,
    };
    await this.#post(this.#snapshot);
  }

  async keptState(): Promise<unknown> {
    return await this.page.evaluate('globalThis.keptState');
  }

  async #answer(message: FromPanelMessage): Promise<void> {
    this.received.push(message);
    const report = this.#report;
    if (message.kind === 'ready' && this.#snapshot !== undefined) await this.#post(this.#snapshot);
    if (report === undefined) return;
    if (message.kind === 'samples') {
      await setTimeout(this.answerMilliseconds);
      await this.#post({
        kind: 'samples',
        requestId: message.requestId,
        ...querySamples(report, message),
      });
    }
    if (message.kind === 'pictures') await this.#postPictures(report, message.sample);
    if (message.kind === 'manifold-pictures') await this.#postManifoldPictures(report);
  }

  async #postPictures(report: AuditReport, sample: number): Promise<void> {
    const size = report.model.inputShape.reduce((product, length) => product * length, 1);
    const values = (offset: number) =>
      Array.from({ length: size }, (_, i) => ((i + sample + offset) % size) / size);
    const inputs = Object.fromEntries(
      report.conditions.map(({ id }, position) => [id, values(position)]),
    );
    const { inputShape: shape, bounds } = report.model;
    const reconstructions = { clean: { reconstruction: values(1) } };
    await this.#postArrays({ kind: 'pictures', sample, shape, bounds, inputs, reconstructions });
  }

  async #postManifoldPictures({ model, manifold }: AuditReport): Promise<void> {
    if (manifold?.trained !== true || manifold.pictures === undefined) return;
    const { random, ways } = manifold.pictures;
    const size = model.inputShape.reduce((product, length) => product * length, 1);
    const values = (count: number) =>
      Array.from({ length: count * size }, (_, i) => (i % (size + 3)) / (size + 3));
    await this.#postArrays({
      kind: 'manifold-pictures',
      shape: model.inputShape,
      bounds: model.bounds,
      random: values(random.length),
      ways: values(ways.flatMap(({ points }) => points).length),
    });
  }

  /** Typed arrays do not cross into the page by themselves: lists of numbers become some there. */
  async #postArrays(message: object): Promise<void> {
    await this.page.evaluate(
      `(() => {
        const isShape = name => name === 'shape' || name === 'bounds';
        const typed = (value, name) =>
          Array.isArray(value) ? (isShape(name) ? value : Float32Array.from(value))
          : value !== null && typeof value === 'object'
            ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, typed(part, key)]))
            : value;
        window.postMessage(typed(${JSON.stringify(message)}, ''));
      })()`,
    );
  }

  async #post(message: ToPanelMessage): Promise<void> {
    // JSON drops what is undefined, which the panel reads as undefined again.
    await this.page.evaluate(`window.postMessage(${JSON.stringify(message)})`);
  }
}

/** Starts a Chromium: the one that is installed, or one that is fetched. */
export async function launchBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: await provideChromium(),
    args: [...chromiumArguments],
  });
}

interface ServedFile {
  readonly body: string | Buffer;
  readonly contentType: string;
}

let files: Promise<ReadonlyMap<string, ServedFile>> | undefined;

/** The page and the bundle, built once from the sources. */
function panelFiles(): Promise<ReadonlyMap<string, ServedFile>> {
  files ??= buildPanel();
  return files;
}

async function buildPanel(): Promise<ReadonlyMap<string, ServedFile>> {
  const { outputFiles } = await build({
    entryPoints: { panel: join(root, 'webview-ui/main.ts') },
    outdir: '/out',
    bundle: true,
    write: false,
    format: 'iife',
    target: 'chrome142',
    tsconfig: join(root, 'webview-ui/tsconfig.json'),
  });
  const output = (ending: string) =>
    outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  const icons = join(root, 'node_modules/@vscode/codicons/dist');
  const html = panelHtml(
    {
      script: `${origin}/panel.js`,
      style: `${origin}/panel.css`,
      icons: `${origin}/codicon.css`,
      contentSource: origin,
    },
    'bm9uY2U=',
    'file:///model.json',
    'en',
  );
  return new Map<string, ServedFile>([
    ['/', { body: html, contentType: 'text/html' }],
    ['/panel.js', { body: output('.js'), contentType: 'text/javascript' }],
    ['/panel.css', { body: output('.css'), contentType: 'text/css' }],
    ['/codicon.css', { body: await readFile(join(icons, 'codicon.css')), contentType: 'text/css' }],
    ['/codicon.ttf', { body: await readFile(join(icons, 'codicon.ttf')), contentType: 'font/ttf' }],
  ]);
}
