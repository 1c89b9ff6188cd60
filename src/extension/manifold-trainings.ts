import { randomUUID } from 'node:crypto';
import { CancellationTokenSource, Emitter, type Event } from 'vscode-jsonrpc';
import { describeError } from '../errors/assay-error.ts';
import type { ManifoldTrainingState } from '../protocol/panel-protocol.ts';
import type { EngineChoice, ManifoldProgress } from '../protocol/worker-protocol.ts';
import { WorkerError } from './worker-error.ts';
import { WorkerProcess, type WorkerOptions } from './worker-process.ts';

/** How a training ended, when it did not fail. */
export type TrainingEnding = 'trained' | 'paused' | 'cancelled';

/** A training that runs, or what is to be said of one that has ended. */
interface Training {
  state: ManifoldTrainingState;
  /** While it runs. */
  source: CancellationTokenSource | undefined;
  worker: WorkerProcess | undefined;
  ending: Promise<TrainingEnding>;
  /** What stopping it means. */
  intention: 'paused' | 'cancelled';
}

/**
 * The trainings of manifolds of this window, one for each configuration, each in a process of its
 * own. A training that is stopped, or whose process is killed, goes on from its last evaluation.
 */
export class ManifoldTrainings {
  readonly #options: WorkerOptions;
  readonly #trainings = new Map<string, Training>();
  readonly #changed = new Emitter<string>();

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  /** A training has begun, moved on or ended; with the absolute path of its configuration. */
  get onDidChange(): Event<string> {
    return this.#changed.event;
  }

  /** How the training by a configuration stands; undefined when there is nothing to say. */
  of(configPath: string): ManifoldTrainingState | undefined {
    return this.#trainings.get(configPath)?.state;
  }

  /** Process id of the worker that trains by a configuration. */
  processIdOf(configPath: string): number | undefined {
    return this.#trainings.get(configPath)?.worker?.processId;
  }

  /**
   * Trains, or goes on. Asking again while it runs joins the same training.
   *
   * @throws AuditFailure when it cannot be trained
   * @throws WorkerError when the process does not start or ends too early
   */
  start(configPath: string, engine: EngineChoice): Promise<TrainingEnding> {
    const existing = this.#trainings.get(configPath);
    if (existing?.source !== undefined) return existing.ending;
    const { problem: _, ...known } = existing?.state ?? { step: 0, steps: 0, history: [] };
    const training: Training = {
      state: { ...known, state: 'running' },
      source: new CancellationTokenSource(),
      worker: undefined,
      ending: Promise.resolve('cancelled'),
      intention: 'paused',
    };
    this.#trainings.set(configPath, training);
    training.ending = this.#train(configPath, engine, training);
    this.#changed.fire(configPath);
    return training.ending;
  }

  /** Stops a training for now. */
  pause(configPath: string): void {
    this.#stop(configPath, 'paused');
  }

  /** Ends a training, or forgets one that has ended. Its last evaluation stays on disk. */
  cancel(configPath: string): void {
    const training = this.#trainings.get(configPath);
    if (training?.source !== undefined) {
      this.#stop(configPath, 'cancelled');
    } else if (this.#trainings.delete(configPath)) {
      this.#changed.fire(configPath);
    }
  }

  /** Ends everything that runs. */
  async dispose(): Promise<void> {
    const running = [...this.#trainings];
    for (const [configPath] of running) this.#stop(configPath, 'cancelled');
    await Promise.allSettled(running.map(([, { ending }]) => ending));
    this.#changed.dispose();
  }

  #stop(configPath: string, intention: Training['intention']): void {
    const training = this.#trainings.get(configPath);
    if (training?.source === undefined) return;
    training.intention = intention;
    this.#set(configPath, training, { state: 'stopping' });
    training.source.cancel();
  }

  async #train(
    configPath: string,
    engine: EngineChoice,
    training: Training,
  ): Promise<TrainingEnding> {
    try {
      const ending = await this.#run(configPath, engine, training);
      if (ending === 'cancelled') this.#trainings.delete(configPath);
      return ending;
    } catch (error) {
      this.#set(configPath, training, { state: 'failed', problem: describeError(error) });
      throw error;
    } finally {
      training.source?.dispose();
      training.source = undefined;
      const { worker } = training;
      training.worker = undefined;
      this.#changed.fire(configPath);
      await worker?.shutDown();
    }
  }

  async #run(
    configPath: string,
    engine: EngineChoice,
    training: Training,
  ): Promise<TrainingEnding> {
    const token = training.source?.token;
    if (token === undefined) return 'cancelled';
    try {
      training.worker = await WorkerProcess.start(this.#options);
      const { state, key } = await training.worker.trainManifold(
        { trainingId: randomUUID(), configPath, engine },
        progress => this.#onProgress(configPath, training, progress),
        token,
      );
      if (state === 'trained') {
        this.#set(configPath, training, { state: 'trained', key });
        return 'trained';
      }
    } catch (error) {
      // Whoever stops gets what they asked for, also when the process had to be killed for it.
      if (!token.isCancellationRequested || !(error instanceof WorkerError)) throw error;
    }
    if (training.intention === 'paused') this.#set(configPath, training, { state: 'paused' });
    return training.intention;
  }

  #onProgress(configPath: string, training: Training, progress: ManifoldProgress): void {
    const { step, steps, secondsLeft, history, picture } = progress;
    const { secondsLeft: _, ...known } = training.state;
    training.state = {
      ...known,
      step,
      steps,
      ...(secondsLeft === undefined ? {} : { secondsLeft }),
      ...(history === undefined ? {} : { history }),
      ...(picture === undefined ? {} : { picture }),
    };
    this.#changed.fire(configPath);
  }

  #set(configPath: string, training: Training, change: Partial<ManifoldTrainingState>): void {
    training.state = { ...training.state, ...change };
    this.#changed.fire(configPath);
  }
}
