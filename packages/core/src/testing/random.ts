/** A seeded stream of random numbers: the same seed and path give the same numbers on every machine. */
export interface Random {
  /** Uniform in the open interval (0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Student's t with `degrees` (> 2) degrees of freedom, scaled to unit variance. */
  student(degrees: number): number;
}

/** 32-bit avalanche (the finaliser of MurmurHash3), so that neighbouring seeds give unrelated streams. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * A stream of its own for every `path` of whole numbers below a seed, so that drawing more from one stream never shifts
 * another. The generator is sfc32 (C. Doty-Humphrey, PractRand): 128 bits of state, period at least 2^32.
 */
export function createRandom(seed: number, ...path: readonly number[]): Random {
  let a = mix(seed ^ 0x9e3779b9);
  let b = mix(Math.floor(seed / 0x1_0000_0000) ^ 0x243f6a88);
  for (const step of path) {
    a = mix(a ^ mix(step + 0x7f4a7c15));
    b = mix(b + a + step);
  }
  let c = mix(a ^ b);
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) next();

  let spare = NaN;
  const uniform = (): number => (next() + 0.5) / 0x1_0000_0000;
  const normal = (): number => {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = NaN;
      return value;
    }
    // Box-Muller
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  const student = (degrees: number): number => {
    // Bailey (1994): Box-Muller's way to t
    const radius = Math.sqrt((degrees - 2) * Math.expm1((-2 / degrees) * Math.log(uniform())));
    return radius * Math.cos(2 * Math.PI * uniform());
  };
  return { uniform, normal, student };
}
