#!/usr/bin/env node
// Stands in for VS Code's `code` executable in the tests of the extension; see code-host.ts.
import { register } from 'tsx/esm/api';

register();
const { runCodeHost } = await import('./code-host.ts');
process.exit(await runCodeHost(process.argv.slice(2)));
