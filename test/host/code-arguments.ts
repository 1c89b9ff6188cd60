/** What a command line of desktop VS Code asks for, as far as running tests goes. */
export interface CodeArguments {
  readonly wantsVersion: boolean;
  /** Folders of the extensions under development. */
  readonly extensionFolders: readonly string[];
  /** The module whose `run` runs the tests. */
  readonly testsPath: string | undefined;
  readonly userDataFolder: string | undefined;
  readonly extensionsFolder: string | undefined;
  /** Folder or workspace file to open. */
  readonly workspace: string | undefined;
}

/**
 * Reads a command line as `@vscode/test-electron` writes it: every option as one `--name=value`,
 * at most one plain argument. Options that mean nothing here are passed over.
 */
export function parseCodeArguments(args: readonly string[]): CodeArguments {
  const options = new Map<string, string[]>();
  const plain: string[] = [];
  for (const argument of args) {
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(argument);
    if (match === null) {
      plain.push(argument);
      continue;
    }
    const [, name = '', value = ''] = match;
    options.set(name, [...(options.get(name) ?? []), value]);
  }
  return {
    wantsVersion: options.has('version'),
    extensionFolders: options.get('extensionDevelopmentPath') ?? [],
    testsPath: options.get('extensionTestsPath')?.[0],
    userDataFolder: options.get('user-data-dir')?.[0],
    extensionsFolder: options.get('extensions-dir')?.[0],
    workspace: plain[0],
  };
}
