// From CSV: node csv.mjs bars.csv, with the columns time,open,high,low,close,volume.
import { createReadStream } from 'node:fs';
import { createEngine } from '@signalbox/core';
import { parse } from 'csv-parse';
import breakout from 'signalbox-strategy-breakout';

async function* bars(file) {
  for await (const { time, ...prices } of createReadStream(file).pipe(parse({ columns: true })))
    yield {
      time: Date.parse(time),
      ...Object.fromEntries(Object.entries(prices).map(([name, x]) => [name, Number(x)])),
    };
}
let equity;
for await (const event of createEngine().use(breakout).run(bars(process.argv[2])))
  if (event.type === 'equity') equity = event.mark.equity;
console.log(`equity ${equity}`);
