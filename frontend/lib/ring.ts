/** Items of an endless sequence, of which the oldest are no longer held. Every item keeps its number for good. */
export interface Rows<T> {
  /** Number of the oldest item that is held; the very first had 0. */
  readonly first: number;
  /** Number that the next item will have. */
  readonly end: number;
  get: (number: number) => T | undefined;
}

/** The newest items of an endless sequence: at most `capacity` of them, and not more than `budget` in size. */
export class Ring<T> implements Rows<T> {
  private readonly items: (T | undefined)[] = [];
  private oldest = 0;
  private next = 0;
  private held = 0;

  constructor(
    private readonly capacity: number,
    private readonly budget = Infinity,
    private readonly size: (item: T) => number = () => 0,
  ) {}

  get first(): number {
    return this.oldest;
  }

  get end(): number {
    return this.next;
  }

  /** How many items are held. */
  get length(): number {
    return this.next - this.oldest;
  }

  push(item: T): void {
    if (this.length === this.capacity) this.drop();
    this.items[this.next % this.capacity] = item;
    this.next += 1;
    this.held += this.size(item);
    // The newest one stays, whatever it weighs.
    while (this.held > this.budget && this.length > 1) this.drop();
  }

  readonly get = (number: number): T | undefined => (number < this.oldest || number >= this.next ? undefined : this.items[number % this.capacity]);

  last(): T | undefined {
    return this.get(this.next - 1);
  }

  /** Puts `item` in the place of the one with that number, if that is still held. */
  set(number: number, item: T): void {
    const before = this.get(number);
    if (before === undefined) return;
    this.items[number % this.capacity] = item;
    this.held += this.size(item) - this.size(before);
  }

  /** The newest `size` items, oldest first. */
  tail(size: number): T[] {
    return tail(this, size);
  }

  /** The sequence as it is now: what is added later is not part of it. */
  freeze(): Rows<T> {
    const { next: end } = this;
    const last = this.last();
    const first = () => Math.min(this.oldest, end);
    return {
      get first() {
        return first();
      },
      end,
      // The newest one is the one that may still be replaced.
      get: (number) => (number === end - 1 ? last : number < end ? this.get(number) : undefined),
    };
  }

  private drop(): void {
    const item = this.items[this.oldest % this.capacity];
    if (item !== undefined) this.held -= this.size(item);
    this.items[this.oldest % this.capacity] = undefined;
    this.oldest += 1;
  }
}

/** The `size` items before number `end`, oldest first. */
export function tail<T>(rows: Rows<T>, size: number, end = rows.end): T[] {
  const result: T[] = [];
  for (let number = Math.max(rows.first, end - size); number < end; number += 1) {
    const item = rows.get(number);
    if (item !== undefined) result.push(item);
  }
  return result;
}

/** Number of the first item whose `key` is above `value`; the keys do not fall. */
export function upperBound<T>(rows: Rows<T>, value: number, key: (item: T) => number): number {
  let low = rows.first;
  let high = rows.end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = rows.get(middle);
    if (item !== undefined && key(item) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
