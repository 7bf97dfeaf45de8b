/**
 * Below it two averages are no longer lowered: a quote that stays frozen halves them until their last digits, and with them
 * their ratio, are lost. Prices move by 1e-6 and more, so averages that small come from nothing else.
 */
export const FADED = 1e-200;
