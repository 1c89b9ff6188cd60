import * as v from 'valibot';
import type { FromPanelMessage } from '../protocol/panel-protocol.ts';
import { LooksLikeLabelSchema } from '../report/manifold-record.ts';

const index = v.pipe(v.number(), v.integer(), v.minValue(0));

/** No page is larger: the panel asks for what it shows and a little around it. */
const maximumPage = 1000;

const FromPanelSchema = v.variant('kind', [
  v.object({ kind: v.literal('ready') }),
  v.object({
    kind: v.literal('samples'),
    requestId: v.number(),
    start: index,
    count: v.pipe(index, v.maxValue(maximumPage)),
    order: v.object({
      by: v.union([
        v.picklist(['index', 'label', 'prediction', 'confidence', 'distance', 'outcome']),
        v.custom<`score:${string}`>(
          value => typeof value === 'string' && value.startsWith('score:'),
        ),
      ]),
      condition: v.string(),
      descending: v.boolean(),
    }),
    filter: v.object({
      condition: v.string(),
      outcome: v.picklist(['all', 'fooled', 'resisted', 'already-wrong']),
      label: v.union([index, v.literal('all')]),
      text: v.string(),
    }),
  }),
  v.object({ kind: v.literal('pictures'), sample: index }),
  v.object({ kind: v.literal('manifold-pictures') }),
  v.object({
    kind: v.literal('mark'),
    condition: v.string(),
    sample: index,
    adversary: v.string(),
    looksLikeLabel: v.optional(LooksLikeLabelSchema),
  }),
  v.object({ kind: v.literal('train') }),
  v.object({ kind: v.literal('pause-training') }),
  v.object({ kind: v.literal('cancel-training') }),
  v.object({ kind: v.literal('run') }),
  v.object({ kind: v.literal('cancel') }),
  v.object({ kind: v.literal('open'), what: v.picklist(['model', 'config', 'report']) }),
]);

/** A message of the panel, checked; undefined for anything else. */
export function parsePanelMessage(message: unknown): FromPanelMessage | undefined {
  const checked = v.safeParse(FromPanelSchema, message);
  return checked.success ? checked.output : undefined;
}

const PersistedStateSchema = v.object({ modelUri: v.pipe(v.string(), v.nonEmpty()) });

/** URI of the model that a restored panel showed; undefined when it kept none. */
export function parsePersistedModel(state: unknown): string | undefined {
  const checked = v.safeParse(PersistedStateSchema, state);
  return checked.success ? checked.output.modelUri : undefined;
}
