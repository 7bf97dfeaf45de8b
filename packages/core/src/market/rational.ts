/**
 * An exact fraction, for the rare number that lies too near a rounding tie for a float to decide. Not reduced: these
 * live for a few operations.
 */
export class Rational {
  private constructor(
    private readonly numerator: bigint,
    /** Always positive. */
    private readonly denominator: bigint,
  ) {}

  /** The double's shortest decimal representation, exactly: .1 is one tenth. Throws a `RangeError` for NaN and infinities. */
  static of(x: number): Rational {
    if (!Number.isFinite(x)) throw new RangeError(`${x} is not a decimal number`);
    const text = String(x);
    const e = text.indexOf('e');
    const mantissa = e < 0 ? text : text.slice(0, e);
    const dot = mantissa.indexOf('.');
    const digits = dot < 0 ? mantissa : mantissa.slice(0, dot) + mantissa.slice(dot + 1);
    const exponent = (e < 0 ? 0 : Number(text.slice(e + 1))) - (dot < 0 ? 0 : mantissa.length - dot - 1);
    return exponent >= 0
      ? new Rational(BigInt(digits) * 10n ** BigInt(exponent), 1n)
      : new Rational(BigInt(digits), 10n ** BigInt(-exponent));
  }

  plus(other: number | Rational): Rational {
    const b = exact(other);
    return new Rational(
      this.numerator * b.denominator + b.numerator * this.denominator,
      this.denominator * b.denominator,
    );
  }

  minus(other: number | Rational): Rational {
    const b = exact(other);
    return new Rational(
      this.numerator * b.denominator - b.numerator * this.denominator,
      this.denominator * b.denominator,
    );
  }

  times(other: number | Rational): Rational {
    const b = exact(other);
    return new Rational(this.numerator * b.numerator, this.denominator * b.denominator);
  }

  /** Throws a `RangeError` when `other` is 0. */
  over(other: number | Rational): Rational {
    const b = exact(other);
    if (b.numerator === 0n) throw new RangeError('division by zero');
    const sign = b.numerator < 0n ? -1n : 1n;
    return new Rational(this.numerator * b.denominator * sign, this.denominator * b.numerator * sign);
  }

  /** −1, 0 or 1. */
  sign(): number {
    return this.numerator < 0n ? -1 : this.numerator > 0n ? 1 : 0;
  }

  /** Rounds half to even; the result is the double nearest to that decimal, and 0 is never −0. */
  round(decimals: number): number {
    const scaled = this.numerator * 10n ** BigInt(decimals);
    const magnitude = scaled < 0n ? -scaled : scaled;
    let quotient = magnitude / this.denominator;
    const twice = 2n * (magnitude - quotient * this.denominator);
    if (twice > this.denominator || (twice === this.denominator && (quotient & 1n) === 1n)) quotient += 1n;
    if (quotient === 0n) return 0;
    return Number(`${scaled < 0n ? '-' : ''}${quotient}e-${decimals}`);
  }
}

function exact(value: number | Rational): Rational {
  return typeof value === 'number' ? Rational.of(value) : value;
}
