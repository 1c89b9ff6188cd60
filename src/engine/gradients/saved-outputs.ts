import * as tf from '@tensorflow/tfjs-core';

interface TapeNode {
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly outputs: readonly tf.Tensor[];
  readonly saved: readonly tf.Tensor[];
}

/** What of TensorFlow.js's engine is touched here; not part of its public types. */
interface TapeEngine {
  readonly state: { readonly activeTape: TapeNode[] | null };
  addTapeNode(...parts: unknown[]): void;
}

/**
 * Makes gradients of second order see what a gradient takes from its kernel's *output*.
 *
 * A gradient such as that of tanh uses the saved output y. TensorFlow.js saves a copy, and records
 * the copying before the kernel that made y; walking along the tape it then finds no way from x
 * through y to the copy, and drops that part of the derivative in silence. Recorded after the kernel,
 * the copying is an operation like any other.
 */
export function recordSavedOutputs(): void {
  const engine = tf.engine() as unknown as TapeEngine;
  const record = engine.addTapeNode.bind(engine);
  engine.addTapeNode = (...parts) => {
    record(...parts);
    moveBeforeItsCopies(engine.state.activeTape ?? []);
  };
}

/** Moves the newest node in front of the nodes that copy its outputs. */
function moveBeforeItsCopies(tape: TapeNode[]): void {
  const node = tape.at(-1);
  if (node === undefined || node.saved.length === 0) return;
  const outputs = new Set(node.outputs.map(({ id }) => id));
  const readsOutput = ({ inputs }: TapeNode): boolean =>
    Object.values(inputs).some(({ id }) => outputs.has(id));
  let position = tape.length - 1;
  // Only what was recorded since the kernel began can read its outputs, and that is what it saved.
  const oldest = Math.max(0, position - node.saved.length);
  for (let index = position - 1; index >= oldest; index--) {
    if (readsOutput(tape[index] as TapeNode)) position = index;
  }
  if (position === tape.length - 1) return;
  tape.pop();
  tape.splice(position, 0, node);
}
