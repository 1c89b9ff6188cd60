import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PacedTask } from '../../src/extension/paced-task.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A task that takes some time, and says when it began and how many ran at once at most. */
function slowTask(milliseconds: number) {
  const starts: number[] = [];
  let atOnce = 0;
  let mostAtOnce = 0;
  const origin = performance.now();
  const run = async (): Promise<void> => {
    starts.push(performance.now() - origin);
    mostAtOnce = Math.max(mostAtOnce, ++atOnce);
    await new Promise(resolve => setTimeout(resolve, milliseconds));
    atOnce--;
  };
  return { run, starts, mostAtOnce: () => mostAtOnce };
}

test('runs at once, then at most once an interval, and once more for the last request', async () => {
  const task = slowTask(1);
  const paced = new PacedTask(200, task.run);
  for (let time = 0; time < 500; time += 10) {
    paced.request();
    await vi.advanceTimersByTimeAsync(10);
  }
  await vi.advanceTimersByTimeAsync(2000);
  expect(task.starts).toEqual([0, 200, 400, 600]);
});

test('never runs twice at once, and sees what was asked for while it ran', async () => {
  const task = slowTask(1000);
  const paced = new PacedTask(100, task.run);
  paced.request();
  await vi.advanceTimersByTimeAsync(500);
  paced.request();
  await vi.advanceTimersByTimeAsync(5000);
  expect(task.starts.map(start => Math.round(start / 10) * 10)).toEqual([0, 1000]);
  expect(task.mostAtOnce()).toBe(1);
});

test('does nothing once it is disposed', async () => {
  const task = slowTask(1);
  const paced = new PacedTask(100, task.run);
  paced.request();
  paced.dispose();
  paced.request();
  await vi.advanceTimersByTimeAsync(1000);
  expect(task.starts).toEqual([]);
});
