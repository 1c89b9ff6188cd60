import { createConnection } from 'vscode-languageserver/node';
import { AssayServer } from './assay-server.ts';

/** The process of the language server; its arguments say how it is spoken to (`--node-ipc`, `--stdio`). */
const connection = createConnection();
new AssayServer(connection);
connection.listen();
