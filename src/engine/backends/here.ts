/**
 * Folder of this file, or of the bundle that it is part of. A CommonJS bundle has `__dirname`, and
 * `import.meta.dirname` only if its maker defines it.
 */
export const here = typeof __dirname === 'string' ? __dirname : import.meta.dirname;
