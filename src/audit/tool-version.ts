import manifest from '../../package.json' with { type: 'json' };

/** Version of Assay, as the report records it. */
export const toolVersion: string = manifest.version;
