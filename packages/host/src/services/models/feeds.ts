import { route } from '../route.js';
import { Feeds } from './schemas.js';

export const feeds = route({
  path: '/api/feeds',
  summary: 'Feeds of the series that active strategies need',
  description:
    'Where the bars and macro values behind the features come from, and which of them lack a feed (`none`), are older than ' +
    'their features allow (`stale`) or whose vendor was asked in vain last (`failing`), with the features and strategies that ' +
    'suffer from it.',
  response: Feeds,
  async handler(_, deps) {
    return { feeds: [...(await deps.feeds())] };
  },
});
