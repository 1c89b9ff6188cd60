import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  chromium,
  type Browser,
  type FrameLocator,
  type Locator,
  type Page,
} from 'playwright-core';
import { chromiumArguments, provideChromium } from './chromium.ts';
import { installHost } from './install.ts';
import { installExtension, startServer, type RunningServer } from './vscode-server.ts';

/** What a {@link Workbench} opens. */
export interface WorkbenchOptions {
  /** Packaged extension to install, as a user would. */
  readonly vsix?: string;
  /** Folder to open. */
  readonly folder: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Whether the folder has to be trusted first. */
  readonly workspaceTrust?: boolean;
}

const timeoutMs = 60_000;

/** The size of every screenshot, so that two of them can be compared. */
const viewport = { width: 1400, height: 900 };

/** The colours of the window: dark, unless asked otherwise. */
const themes = {
  'workbench.colorTheme': 'Default Dark Modern',
  'workbench.preferredDarkColorTheme': 'Default Dark Modern',
  'workbench.preferredLightColorTheme': 'Default Light Modern',
};

/** The window of a real VS Code, as a user has it in front of them. */
export class Workbench {
  readonly page: Page;
  readonly #browser: Browser;
  readonly #server: RunningServer;
  readonly #dataFolder: string;

  private constructor(page: Page, browser: Browser, server: RunningServer, dataFolder: string) {
    this.page = page;
    this.#browser = browser;
    this.#server = server;
    this.#dataFolder = dataFolder;
  }

  /** Starts a VS Code of its own, with nothing left over from another, and opens the folder. */
  static async open(options: WorkbenchOptions): Promise<Workbench> {
    const host = await installHost();
    const executablePath = await provideChromium();
    const dataFolder = await mkdtemp(join(tmpdir(), 'assay-workbench-'));
    if (options.vsix !== undefined) await installExtension(options.vsix, { host, dataFolder });
    const server = await startServer({
      host,
      dataFolder,
      settings: { ...themes, ...options.settings },
      smokeTestDriver: false,
      workspaceTrust: options.workspaceTrust ?? false,
    });
    const browser = await chromium.launch({ executablePath, args: [...chromiumArguments] });
    const context = await browser.newContext({
      viewport,
      permissions: ['clipboard-read', 'clipboard-write'],
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(timeoutMs);
    const workbench = new Workbench(page, browser, server, dataFolder);
    try {
      const url = new URL(server.origin);
      url.searchParams.set('folder', options.folder);
      await page.goto(url.href);
      await page.locator('.monaco-workbench .part.statusbar').waitFor();
      return workbench;
    } catch (error) {
      await workbench.close();
      throw error;
    }
  }

  /** Runs a command from the palette. */
  async runCommand(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    const rows = await this.#rowsFor(`>${title}`, title);
    await rows.first().click();
  }

  /**
   * Opens the file of exactly this path, relative to the folder, in an editor. The offers change
   * while the window is still searching, so that a row may turn into another under the pointer:
   * what counts is which document is in front, and what was opened by mistake is opened again.
   *
   * @throws Error when the file is not in front after several attempts
   */
  async openFile(path: string): Promise<void> {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const editor = this.page.locator(
      `.editor-group-container.active .monaco-editor[data-uri$="/${path}"]`,
    );
    for (let attempt = 0; attempt < 5; attempt++) {
      await this.page.keyboard.press('Control+p');
      const rows = await this.#rowsFor(path, name);
      await rows.first().click();
      await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
      const isInFront = await editor
        .waitFor({ timeout: 5000 })
        .then(() => true)
        .catch(() => false);
      if (isInFront) return;
    }
    throw new Error(`The editor could not be made to show ${path}.`);
  }

  /** The lenses above code whose text contains `text`. */
  codeLens(text: string | RegExp): Locator {
    return this.page.locator('.codelens-decoration', { hasText: text });
  }

  /** The notification whose text contains `text`, while it is shown. */
  notification(text: string | RegExp): Locator {
    return this.page.locator('.notification-toast', { hasText: text });
  }

  /** An entry of the status bar by the text that it shows. */
  statusBarItem(text: string | RegExp): Locator {
    return this.page.locator('.part.statusbar .statusbar-item', { hasText: text });
  }

  /** The document inside the webview in front. */
  webview(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
  }

  /** Changes to the dark or the light colours, and waits until the window has them. */
  async useTheme(kind: 'dark' | 'light'): Promise<void> {
    const themed = this.page.locator(
      kind === 'dark' ? '.monaco-workbench.vs-dark' : '.monaco-workbench.vs',
    );
    if (await themed.isVisible()) return;
    if (await this.page.locator('.monaco-workbench.hc-black').isVisible()) {
      await this.#chooseTheme('Dark Modern', '.monaco-workbench.vs-dark');
      if (kind === 'dark') return;
    }
    await this.runCommand('Preferences: Toggle between Light/Dark Themes');
    await themed.waitFor();
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }

  /** Changes to colours of high contrast, and waits until the window has them. */
  async useHighContrast(): Promise<void> {
    await this.#chooseTheme('Dark High Contrast', '.monaco-workbench.hc-black');
  }

  /** Writes what the window shows to a PNG file. */
  async screenshot(file: string): Promise<void> {
    await this.page.screenshot({ path: file, animations: 'disabled', caret: 'hide' });
  }

  /** Closes the window, ends the server and deletes what they wrote. */
  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.stop();
    await rm(this.#dataFolder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  async #chooseTheme(title: string, themed: string): Promise<void> {
    await this.runCommand('Preferences: Color Theme');
    const widget = this.page.locator('.quick-input-widget');
    await widget.locator('input.input').fill(title);
    await widget.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().click();
    await this.page.locator(themed).waitFor();
    await widget.waitFor({ state: 'hidden' });
  }

  /** Types into the box that asks what to open or to run; the offers that contain `text`. */
  async #rowsFor(input: string, text: string): Promise<Locator> {
    const widget = this.page.locator('.quick-input-widget');
    await widget.locator('input.input').fill(input);
    return widget.locator('.quick-input-list .monaco-list-row', { hasText: text });
  }
}
