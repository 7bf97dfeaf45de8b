import { changePct, round } from '@signalbox/core';

/** Decimals of ratios and percents in answers: those of their columns in the database. */
const DECIMALS = 4;

export function figure(value: number): number;
export function figure(value: number | null): number | null;
export function figure(value: number | null): number | null {
  return value === null ? null : round(value, DECIMALS);
}

/** From `base` to `value`, in percent. */
export const returnPct = (base: number, value: number): number => (base === 0 ? 0 : changePct(value, base, DECIMALS));

/** Means of money, in cents. */
export const money = (value: number | null): number | null => (value === null ? null : round(value, 2));
