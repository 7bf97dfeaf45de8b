import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { StreamName } from '../events/stream.js';

/**
 * One atomic step on a stream: who writes, where the stream stands, and only if it stands where the writer believes it to,
 * the new entries. So neither an answer that was lost, nor a writer that was stopped and wakes up, nor a stream that went back
 * makes an entry twice, or out of order.
 *
 * KEYS stream, owner · ARGV world, epoch, lease in ms, expected tail, highest seq of the outbox, entries at most, the seq after
 * which a stream begins that has none of ours, then for each entry the number of its values and the values.
 * Returns what happened and the highest `seq` in the stream (0: none of ours in it).
 */
const SCRIPT = `
local stream, owner = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', owner, 'world', 'epoch', 'until')
local fresh = held[1] and tonumber(held[3]) > now
if fresh and held[1] ~= ARGV[1] then return {'taken', 0} end
if fresh and tonumber(held[2]) > tonumber(ARGV[2]) then return {'fenced', 0} end
if held[1] and held[1] ~= ARGV[1] then redis.call('XTRIM', stream, 'MAXLEN', 0) end
redis.call('HSET', owner, 'world', ARGV[1], 'epoch', ARGV[2], 'until', now + ARGV[3])

local function newest()
  local count = 8
  while true do
    local rows = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', count)
    for i = 1, #rows do
      local fields = rows[i][2]
      for j = 1, #fields, 2 do
        if fields[j] == 'seq' and string.match(fields[j + 1], '^%d+$') then return tonumber(fields[j + 1]) end
      end
    end
    if #rows < count then return 0 end
    count = count * 8
  end
end

local tail = newest()
if tail > tonumber(ARGV[5]) then
  redis.call('XTRIM', stream, 'MAXLEN', 0)
  return {'moved', 0}
end
if tail ~= tonumber(ARGV[4]) then return {'moved', tail} end
if tail == 0 and #ARGV > 7 then redis.call('HSET', owner, 'from', ARGV[7]) end
local at = 8
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  local entry = {'XADD', stream, 'MAXLEN', '~', ARGV[6], '*'}
  for i = at + 1, at + count do entry[#entry + 1] = ARGV[i] end
  redis.call(unpack(entry))
  at = at + 1 + count
end
if #ARGV > 7 then tail = newest() end
return {'ok', tail}
`;
const SHA = createHash('sha1').update(SCRIPT).digest('hex');

export interface Append {
  readonly stream: StreamName;
  readonly world: string;
  /** Later for whoever took over. */
  readonly epoch: number;
  readonly expected: number;
  readonly highest: number;
  /** Up to here nothing is sent into a stream that has none of ours. */
  readonly from: number;
  readonly entries: readonly (readonly string[])[];
}

/** Streams are trimmed to about so many entries. */
export const STREAM_LENGTH = 10_000;
/** For so long the streams stay with a world whose host has gone without a word. */
const LEASE_MS = 15_000;

/** In the same slot as its stream, so that a Redis cluster takes the script. */
export const ownerKey = (stream: StreamName): string => `signalbox:owner:{${stream}}`;

export async function append(
  redis: Redis,
  { stream, world, epoch, expected, highest, from, entries }: Append,
): Promise<{ readonly outcome: 'ok' | 'moved' | 'taken' | 'fenced'; readonly tail: number }> {
  const args = [stream, ownerKey(stream), world, epoch, LEASE_MS, expected, highest, STREAM_LENGTH, from].map(String);
  for (const entry of entries) args.push(String(entry.length), ...entry);
  let answer: unknown;
  try {
    answer = await redis.evalsha(SHA, 2, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    answer = await redis.eval(SCRIPT, 2, ...args);
  }
  const [outcome, tail] = answer as ['ok' | 'moved' | 'taken' | 'fenced', number];
  return { outcome, tail };
}

/** Lets another world have the streams at once. */
export async function letGo(redis: Redis, stream: StreamName, world: string): Promise<void> {
  const release = `if redis.call('HGET', KEYS[1], 'world') == ARGV[1] then redis.call('HSET', KEYS[1], 'until', 0) end`;
  await redis.eval(release, 1, ownerKey(stream), world);
}
