import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePanelMessage, parsePersistedModel } from '../../src/extension/panel-messages.ts';
import type { FromPanelMessage } from '../../src/protocol/panel-protocol.ts';

const messages: FromPanelMessage[] = [
  { kind: 'ready' },
  {
    kind: 'samples',
    requestId: 1,
    start: 0,
    count: 50,
    order: { by: 'distance', condition: 'clean', descending: true },
    filter: { condition: 'clean', outcome: 'fooled', label: 'all', text: '' },
  },
  { kind: 'pictures', sample: 7 },
  { kind: 'run' },
  { kind: 'cancel' },
  { kind: 'open', what: 'config' },
];

describe('messages of the panel', () => {
  test.each(messages)('$kind is understood as it is', message => {
    expect(parsePanelMessage(structuredClone(message))).toEqual(message);
  });

  test.each([
    undefined,
    'ready',
    { kind: 'open', what: '/etc/passwd' },
    { kind: 'pictures', sample: -1 },
    { kind: 'pictures', sample: '../../secret' },
    { ...messages[1], count: 1e9 },
    { ...messages[1], order: { by: '__proto__', condition: 'clean', descending: true } },
  ])('%j is not', message => {
    expect(parsePanelMessage(message)).toBeUndefined();
  });

  test('of any kind never throw', () => {
    fc.assert(
      fc.property(fc.anything(), message => {
        parsePanelMessage(message);
        parsePersistedModel(message);
      }),
    );
  });

  test('a restored panel names its model, or is not restored', () => {
    expect(parsePersistedModel({ modelUri: 'file:///model.json', scroll: 3 })).toBe(
      'file:///model.json',
    );
    expect(parsePersistedModel({ modelUri: '' })).toBeUndefined();
    expect(parsePersistedModel(undefined)).toBeUndefined();
  });
});
