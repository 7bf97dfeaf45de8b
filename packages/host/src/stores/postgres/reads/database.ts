/** What the reads need of a pool; that of `pg` fits. */
export interface Database {
  query<Row>(text: string, values?: readonly unknown[]): Promise<{ rows: Row[] }>;
}

// Numbers and times leave PostgreSQL as float8, so that no read depends on the parsers of a pool: a decimal of up to 15
// digits and a time in whole milliseconds are exact.
export const num = (column: string, as: string): string => `${column}::float8 AS "${as}"`;
export const ms = (column: string, as: string): string => `round(date_part('epoch', ${column}) * 1000) AS "${as}"`;
/** A parameter in epoch milliseconds as timestamptz; ±Infinity becomes the infinite time. */
export const at = (parameter: string): string => `to_timestamp(${parameter}::float8 / 1000)`;
