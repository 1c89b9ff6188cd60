import type { SampleRecord } from '../src/report/audit-report.ts';
import type { FromPanelMessage, ToPanelMessage } from '../src/protocol/panel-protocol.ts';
import type { ViewState } from './view-state.ts';

type Samples = Extract<ToPanelMessage, { kind: 'samples' }>;
type Pictures = Extract<ToPanelMessage, { kind: 'pictures' }>;

/** Samples asked for at a time. */
const pageSize = 50;
/** Samples whose pictures are kept; some hundred rows of scrolling back. */
const keptPictures = 300;

/**
 * The samples that the panel shows, fetched page by page and picture by picture as they come into
 * view. Tells its owner when something has arrived.
 */
export class SampleSource {
  /** Samples that pass the filter; 0 until the first page is there. */
  total = 0;
  readonly #send: (message: FromPanelMessage) => void;
  readonly #changed: () => void;
  #view: ViewState | undefined;
  /** Grows with each question, so that answers to older ones can be told. */
  #generation = 0;
  readonly #pages = new Map<number, readonly SampleRecord[]>();
  readonly #asked = new Set<number>();
  readonly #pictures = new Map<number, Pictures>();
  readonly #askedPictures = new Set<number>();

  constructor(send: (message: FromPanelMessage) => void, changed: () => void) {
    this.#send = send;
    this.#changed = changed;
  }

  /** Asks anew: the view or the report has changed. What is shown stays until the answer comes. */
  reload(view: ViewState): void {
    this.#view = view;
    this.#generation++;
    this.#asked.clear();
    this.#askedPictures.clear();
    this.#ask(0);
    for (const page of this.#pages.keys()) this.#ask(page);
  }

  /** The sample at a place of the filtered and ordered list, or undefined while it is on its way. */
  sampleAt(position: number): SampleRecord | undefined {
    const page = Math.floor(position / pageSize);
    this.#ask(page);
    return this.#pages.get(page)?.[position % pageSize];
  }

  /** The sample with an index in the data set, if its page is there. */
  find(index: number): SampleRecord | undefined {
    for (const page of this.#pages.values()) {
      const found = page.find(sample => sample.index === index);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The pictures of a sample, or undefined while they are on their way. */
  picturesOf(sample: number): Pictures | undefined {
    if (!this.#askedPictures.has(sample)) {
      this.#askedPictures.add(sample);
      this.#send({ kind: 'pictures', sample });
    }
    return this.#pictures.get(sample);
  }

  /** Takes in an answer. */
  receive(message: Samples | Pictures): void {
    if (message.kind === 'samples') this.#receiveSamples(message);
    else this.#receivePictures(message);
    this.#changed();
  }

  #receiveSamples({ requestId, start, total, samples }: Samples): void {
    if (requestId !== this.#generation) return;
    this.total = total;
    this.#pages.set(start / pageSize, samples);
    for (const page of this.#pages.keys()) {
      if (page * pageSize >= Math.max(1, total)) this.#pages.delete(page);
    }
  }

  #receivePictures(message: Pictures): void {
    // Oldest first in a map: taking out and putting in again makes it the newest.
    this.#pictures.delete(message.sample);
    this.#pictures.set(message.sample, message);
    for (const sample of this.#pictures.keys()) {
      if (this.#pictures.size <= keptPictures) break;
      this.#pictures.delete(sample);
      this.#askedPictures.delete(sample);
    }
  }

  #ask(page: number): void {
    if (this.#view === undefined || this.#asked.has(page)) return;
    this.#asked.add(page);
    const { order, filter } = this.#view;
    this.#send({
      kind: 'samples',
      requestId: this.#generation,
      start: page * pageSize,
      count: pageSize,
      order,
      filter,
    });
  }
}
