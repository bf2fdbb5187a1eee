/** Readers are told at most this often: writing is per event, drawing is not. The later ones are for machines that do not keep up. */
const STEPS_MS = [50, 100, 250];
const FACTS_MS = 250;
/** A tab that is not drawn gets no frames, or one a second; its title still has to be true. */
const UNSEEN_MS = 1000;
/** Frames later than this, on the average, mean that drawing is too much; earlier than that, that it is not. */
const LATE_MS = 34;
const PROMPT_MS = 20;

/** When readers are told of what was written: often enough to be live, seldom enough to stay smooth. */
export class Pace {
  private readonly readers = new Set<() => void>();
  private readonly factReaders = new Set<() => void>();
  private changes = 0;
  private factChanges = 0;
  private cancel: (() => void) | null = null;
  private toldAt = 0;
  private factsAt = 0;
  private urgent = false;
  private step = 0;
  /** How late frames come after telling, on the average, ms. */
  private late = 0;

  get version(): number {
    return this.changes;
  }

  get factsVersion(): number {
    return this.factChanges;
  }

  subscribe(reader: () => void): () => void {
    this.readers.add(reader);
    return () => this.readers.delete(reader);
  }

  subscribeFacts(reader: () => void): () => void {
    this.factReaders.add(reader);
    return () => this.factReaders.delete(reader);
  }

  /** Something has changed that is worth a look at once. */
  now(): void {
    this.urgent = true;
    this.soon();
  }

  /** Something has changed. */
  soon(): void {
    if (this.cancel !== null) return;
    const wait = Math.max(0, this.interval - (performance.now() - this.toldAt));
    let frame = 0;
    const draw = () => {
      this.cancel?.();
      this.cancel = null;
      this.tell();
    };
    const timer = setTimeout(() => {
      frame = requestAnimationFrame(draw);
    }, wait);
    const unseen = setTimeout(draw, wait + UNSEEN_MS);
    this.cancel = () => {
      clearTimeout(timer);
      clearTimeout(unseen);
      cancelAnimationFrame(frame);
    };
  }

  private get interval(): number {
    return STEPS_MS[this.step] ?? FACTS_MS;
  }

  private tell(): void {
    const now = performance.now();
    this.toldAt = now;
    this.changes += 1;
    for (const reader of this.readers) reader();
    if (this.urgent || now - this.factsAt >= FACTS_MS) {
      this.urgent = false;
      this.factsAt = now;
      this.factChanges += 1;
      for (const reader of this.factReaders) reader();
    } else {
      // Progress that came right after the last word on the facts is told with the next.
      this.soon();
    }
    requestAnimationFrame(() => this.adapt(performance.now() - now));
  }

  private adapt(lag: number): void {
    // A frame that comes seconds later was not drawn because nobody looks.
    if (lag > UNSEEN_MS / 2) return;
    this.late = this.late * 0.8 + lag * 0.2;
    if (this.late > LATE_MS && this.step < STEPS_MS.length - 1) {
      this.step += 1;
      this.late = 0;
    } else if (this.late < PROMPT_MS && this.step > 0) {
      this.step -= 1;
    }
  }
}
