/** Lower Cholesky factor of a correlation matrix. Throws a RangeError when it is not positive definite. */
export function cholesky(matrix: readonly (readonly number[])[]): number[][] {
  const factor: number[][] = [];
  for (let i = 0; i < matrix.length; i++) {
    const row: number[] = [];
    for (let j = 0; j <= i; j++) {
      const other = j === i ? row : factor[j]!;
      let rest = matrix[i]![j]!;
      for (let k = 0; k < j; k++) rest -= row[k]! * other[k]!;
      if (j < i) row.push(rest / other[j]!);
      else if (rest > 0) row.push(Math.sqrt(rest));
      else throw new RangeError(`correlation matrix is not positive definite at row ${i}`);
    }
    factor.push(row);
  }
  return factor;
}

/** Solves (L·Lᵀ)·x = b for the lower factor L. */
export function solve(factor: readonly (readonly number[])[], b: readonly number[]): number[] {
  const n = factor.length;
  const y: number[] = [];
  for (let i = 0; i < n; i++) {
    let rest = b[i]!;
    for (let k = 0; k < i; k++) rest -= factor[i]![k]! * y[k]!;
    y.push(rest / factor[i]![i]!);
  }
  const x = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    let rest = y[i]!;
    for (let k = i + 1; k < n; k++) rest -= factor[k]![i]! * x[k]!;
    x[i] = rest / factor[i]![i]!;
  }
  return x;
}
