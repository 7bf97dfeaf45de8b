const MONTHS =
  'jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?' +
  '|enero|febrero|marzo|abril|mayo|junio|julio|agosto|sep?tiembre|octubre|noviembre|diciembre';

const LINKS = [
  /\b[a-z][a-z0-9+.-]{1,20}:\/\/\S*/gi,
  /\b(?:javascript|data|mailto|file|tel|vbscript|blob):\S+/gi,
  /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?:\/\S*)?/g,
  /\b(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}\b(?:[:/]\S*)?/gi,
];

const DATES = [
  /\b\d{4}-\d{1,2}-\d{1,2}(?:T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?/g,
  /\b\d{4}\/\d{1,2}\/\d{1,2}\b/g,
  /\b\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})\b/g,
  new RegExp(
    `\\b\\d{1,2}(?:st|nd|rd|th)?\\s+(?:of\\s+|de\\s+)?(?:${MONTHS})\\b\\.?(?:,?\\s+(?:de\\s+|del\\s+)?\\d{4})?`,
    'gi',
  ),
  new RegExp(`\\b(?:${MONTHS})\\.?\\s+\\d{1,2}(?:st|nd|rd|th)?\\b(?:,?\\s+\\d{4})?`, 'gi'),
  new RegExp(`\\b(?:${MONTHS})\\.?,?\\s+(?:de\\s+|del\\s+)?(?:19|20)\\d{2}\\b`, 'gi'),
  /\b[QHT][1-4][\s-]*(?:19|20)\d{2}\b/gi,
  /\b(?:19|20)\d{2}\b/g,
];

/**
 * Text of others as one harmless line: compatibility forms unified, characters that do not print removed (control, bidirectional,
 * zero-width, tag and private ones), links replaced by `[link]`, at most `limit` characters.
 */
export function plainText(text: string, limit: number): string {
  let plain = text
    .slice(0, limit * 4)
    .normalize('NFKC')
    .replace(/\s/gu, ' ')
    .replace(/\p{C}|\p{Variation_Selector}/gu, '');
  for (const link of LINKS) plain = plain.replace(link, '[link]');
  plain = plain.replace(/ {2,}/g, ' ').trim();
  return [...plain].slice(0, limit).join('');
}

/** Dates, months with a day or year, quarters and years, replaced by `[date]`: a model that knows the day may know what followed. */
export function maskDates(text: string): string {
  return DATES.reduce((masked, date) => masked.replace(date, '[date]'), text);
}
