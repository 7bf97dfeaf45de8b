/** Collects numbers in an order that the reader knows. Doubles, so that whatever is saved comes back to the bit. */
export class StateWriter {
  readonly #numbers: number[] = [];

  number(value: number): void {
    this.#numbers.push(value);
  }

  numbers(values: ArrayLike<number>): void {
    for (let i = 0; i < values.length; i++) this.#numbers.push(values[i]!);
  }

  done(): Float64Array {
    return Float64Array.from(this.#numbers);
  }
}

/** Gives them back in that order. Throws RangeError when there are fewer than asked for, or more than were read. */
export class StateReader {
  readonly #numbers: Float64Array;
  #at = 0;

  constructor(numbers: Float64Array) {
    this.#numbers = numbers;
  }

  number(): number {
    if (this.#at >= this.#numbers.length) throw new RangeError('the saved state ends too early');
    return this.#numbers[this.#at++]!;
  }

  into(values: Float64Array | Int32Array | Uint8Array): void {
    for (let i = 0; i < values.length; i++) values[i] = this.number();
  }

  end(): void {
    if (this.#at !== this.#numbers.length)
      throw new RangeError('the saved state is longer than what it is restored to');
  }
}
