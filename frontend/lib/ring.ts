/** The newest `capacity` items of an endless sequence; every item keeps its number for good. */
export class Ring<T> {
  private readonly items: (T | undefined)[];
  private total = 0;

  constructor(private readonly capacity: number) {
    this.items = new Array<T | undefined>(capacity);
  }

  /** How many items are held. */
  get length(): number {
    return Math.min(this.total, this.capacity);
  }

  /** How many items were dropped to make room. */
  get dropped(): number {
    return this.total - this.length;
  }

  push(item: T): void {
    this.items[this.total % this.capacity] = item;
    this.total += 1;
  }

  /** The item at `index`, counted from the oldest that is held. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.length) return undefined;
    return this.items[(this.dropped + index) % this.capacity];
  }

  last(): T | undefined {
    return this.at(this.length - 1);
  }

  /** Puts `item` in the place of the newest one. */
  replaceLast(item: T): void {
    if (this.total > 0) this.items[(this.total - 1) % this.capacity] = item;
  }

  /** The newest `size` items, oldest first. */
  tail(size: number): T[] {
    const start = Math.max(0, this.length - size);
    const result: T[] = [];
    for (let index = start; index < this.length; index += 1) {
      const item = this.at(index);
      if (item !== undefined) result.push(item);
    }
    return result;
  }
}
