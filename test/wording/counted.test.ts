import { expect, test } from 'vitest';
import { counted } from '../../src/wording/counted.ts';

test.each([
  [counted(0, 'sample'), '0 samples'],
  [counted(1, 'sample'), '1 sample'],
  [counted(2, 'sample'), '2 samples'],
  [counted(1000, 'sample'), '1000 samples'],
  [counted(12_345, 'sample'), '12,345 samples'],
  [counted(1, 'class', 'classes'), '1 class'],
  [counted(10, 'class', 'classes'), '10 classes'],
  [counted(1, 'more sample'), '1 more sample'],
])('%s', (words, expected) => {
  expect(words).toBe(expected);
});
