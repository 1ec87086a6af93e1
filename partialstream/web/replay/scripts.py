"""What Redis does in one step: scripts, each of which may be sent twice and does no harm.

Names, behind the prefix:

    key:<digest of the key>   the run that the key has now
    run:<run>                 a hash: wire, name, first, last, end, left (milliseconds)
    log:<run>                 a stream; frame n has the id 0-n, and the field `f`, or `q` where no
                              sign of life may follow; the end is an entry with the field `e`
    lease:<run>               there while the writer lives
    readers:<run>             the processes that read it, by when they are taken for dead
    running, ended            runs, by when they are forgotten

Users' keys are in no name, only their digests.
"""

from __future__ import annotations

from hashlib import sha1
from typing import Final


class Script:
    """A script, and the name that Redis knows it by."""

    def __init__(self, body: str) -> None:
        self.text = _COMMON + body
        self.sha = sha1(self.text.encode(), usedforsecurity=False).hexdigest()


_COMMON: Final = """
local function name(kind, id) return KEYS[1] .. ':' .. kind .. ':' .. id end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- How many processes read a run; those that have died are left out.
local function readers(run)
  local gone = redis.call('ZREMRANGEBYSCORE', name('readers', run), '-inf', now)
  local count = redis.call('ZCARD', name('readers', run))
  if gone > 0 and count == 0 and redis.call('EXISTS', name('run', run)) == 1 then
    redis.call('HSET', name('run', run), 'left', now)
  end
  return count
end

-- Keep all of a run for so long.
local function keep(run, digest, milliseconds)
  redis.call('PEXPIRE', name('run', run), milliseconds)
  redis.call('PEXPIRE', name('log', run), milliseconds)
  if digest ~= '' and redis.call('GET', name('key', digest)) == run then
    redis.call('PEXPIRE', name('key', digest), milliseconds)
  end
end

-- The writer of a run lives; also where it was taken for dead, and nobody has noticed.
local function lives(run, lease)
  redis.call('SET', name('lease', run), run, 'PX', lease)
  redis.call('ZADD', KEYS[1] .. ':running', now + lease, run)
  redis.call('PEXPIRE', KEYS[1] .. ':running', 2 * lease)
end

local function drop(run)
  redis.call('DEL', name('run', run), name('log', run), name('lease', run), name('readers', run))
end

-- Add the frames ARGV[from...]: field, data, field, data, ...; and the end.
local function add(run, number, last, ending, from)
  for place = from, #ARGV, 2 do
    if number > last then
      redis.call('XADD', name('log', run), '0-' .. number, ARGV[place], ARGV[place + 1])
      last = number
    end
    number = number + 1
  end
  redis.call('HSET', name('run', run), 'last', last)
  if ending ~= '' then
    redis.call('XADD', name('log', run), '0-' .. (last + 1), 'e', ending)
    redis.call('HSET', name('run', run), 'end', ending)
  end
end

-- The run has got its end. For who reads it now, it is there for longer than its key.
local function finish(run, digest, kept, lease)
  redis.call('DEL', name('lease', run))
  redis.call('ZREM', KEYS[1] .. ':running', run)
  redis.call('ZADD', KEYS[1] .. ':ended', now + kept, run)
  if redis.call('PTTL', KEYS[1] .. ':ended') < kept then
    redis.call('PEXPIRE', KEYS[1] .. ':ended', kept)
  end
  if redis.call('GET', name('key', digest)) == run then
    redis.call('PEXPIRE', name('key', digest), kept)
  end
  keep(run, '', kept + 2 * lease)
end
"""

BEGIN: Final = Script("""
-- digest, run, wire, renew, label, keep, lease, max_logs
--   -> {run, wire, is new}, or {} if all is full
local digest, run, wire, renew, label = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local kept, lease, most = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local known = redis.call('GET', name('key', digest))
if known == run then return {run, wire, 1} end
if known then
  local state = redis.call('HMGET', name('run', known), 'wire', 'end', 'name')
  if state[1] then
    local alive = not state[2] and redis.call('EXISTS', name('lease', known)) == 1
    local is_same = label ~= '' and label == state[3] and alive
    if renew == '0' or is_same then return {known, state[1], 0} end
    redis.call('ZREM', KEYS[1] .. ':ended', known)
  end
end
local running, ended = KEYS[1] .. ':running', KEYS[1] .. ':ended'
redis.call('ZREMRANGEBYSCORE', running, '-inf', now)
redis.call('ZREMRANGEBYSCORE', ended, '-inf', now)
if redis.call('ZCARD', running) + redis.call('ZCARD', ended) >= most then
  local oldest = redis.call('ZRANGE', ended, 0, 0)[1]
  if not oldest then return {} end
  redis.call('ZREM', ended, oldest)
  drop(oldest)
end
redis.call('SET', name('key', digest), run, 'PX', kept + lease)
-- Whoever has begun it is about to read it: until then, it counts as left later than now.
redis.call('HSET', name('run', run), 'wire', wire, 'name', label, 'left', now + lease,
  'first', 1, 'last', 0)
redis.call('PEXPIRE', name('run', run), kept + lease)
lives(run, lease)
return {run, wire, 1}
""")

FIND: Final = Script("""
-- digest -> {run, wire}, or {}
local run = redis.call('GET', name('key', ARGV[1]))
local wire = run and redis.call('HGET', name('run', run), 'wire')
return wire and {run, wire} or {}
""")

APPEND: Final = Script("""
-- run, digest, keep, lease, number, first, end, frames... -> whether the run is still the writer's
local run, digest, kept, lease = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local number, first, ending = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local state = redis.call('HMGET', name('run', run), 'end', 'sealed', 'last')
if state[1] and not state[2] then return 1 end  -- sent twice
if state[1] or not state[3] then return 0 end
add(run, number, tonumber(state[3]), ending, 8)
if first > 1 then
  redis.call('XTRIM', name('log', run), 'MINID', '=', '0-' .. first)
  redis.call('HSET', name('run', run), 'first', first)
end
if ending ~= '' then
  finish(run, digest, kept, lease)
else
  lives(run, lease)
  keep(run, digest, kept + lease)
end
return 1
""")

TEND: Final = Script("""
-- run, digest, keep, lease -> milliseconds without readers, or {}: not the writer's any more
local run, lease = ARGV[1], tonumber(ARGV[4])
local state = redis.call('HMGET', name('run', run), 'end', 'left')
if state[1] or not state[2] then return {} end
lives(run, lease)
keep(run, ARGV[2], tonumber(ARGV[3]) + lease)
if readers(run) > 0 then return 0 end
local idle = now - tonumber(redis.call('HGET', name('run', run), 'left'))
if idle >= 0 and redis.call('GET', name('key', ARGV[2])) ~= run then return 1e12 end  -- nobody will
return idle
""")

RELEASE: Final = Script("""
-- run
redis.call('DEL', name('lease', ARGV[1]))
redis.call('ZREM', KEYS[1] .. ':running', ARGV[1])
return 1
""")

SPAN: Final = Script("""
-- run -> {first, last, end}, or {}
local state = redis.call('HMGET', name('run', ARGV[1]), 'first', 'last', 'end')
if not state[1] then return {} end
return {tonumber(state[1]), tonumber(state[2]), state[3] or ''}
""")

ATTACH: Final = Script("""
-- run, process, milliseconds -> as SPAN
local run = ARGV[1]
local state = redis.call('HMGET', name('run', run), 'first', 'last', 'end')
if not state[1] then return {} end
redis.call('ZADD', name('readers', run), now + tonumber(ARGV[3]), ARGV[2])
redis.call('PEXPIRE', name('readers', run), tonumber(ARGV[3]) * 2)
return {tonumber(state[1]), tonumber(state[2]), state[3] or ''}
""")

DETACH: Final = Script("""
-- run, process
local run = ARGV[1]
redis.call('ZREM', name('readers', run), ARGV[2])
if readers(run) == 0 and redis.call('EXISTS', name('run', run)) == 1 then
  redis.call('HSET', name('run', run), 'left', now)
end
return 1
""")

PULSE: Final = Script("""
-- process, milliseconds, runs... -> for each: whether it has a writer, or an end
local alive = {}
for place = 3, #ARGV do
  local run = ARGV[place]
  local there = redis.call('HMGET', name('run', run), 'wire', 'end')
  if there[1] then
    redis.call('ZADD', name('readers', run), now + tonumber(ARGV[2]), ARGV[1])
    redis.call('PEXPIRE', name('readers', run), tonumber(ARGV[2]) * 2)
    if redis.call('PTTL', name('run', run)) < 2 * tonumber(ARGV[2]) then
      keep(run, '', 2 * tonumber(ARGV[2]))  -- a slow reader is not cut off
    end
  end
  local leased = redis.call('EXISTS', name('lease', run)) == 1
  alive[place - 2] = (there[2] or (there[1] and leased)) and 1 or 0
end
return alive
""")

RANGE: Final = Script("""
-- run, after, bytes -> {number, field, data, number, field, data, ...}
local rows, size, found = {}, 0, redis.call(
  'XRANGE', name('log', ARGV[1]), '0-' .. (tonumber(ARGV[2]) + 1), '+', 'COUNT', 64)
for _, entry in ipairs(found) do
  if size >= tonumber(ARGV[3]) then break end
  rows[#rows + 1] = string.sub(entry[1], 3)
  rows[#rows + 1] = entry[2][1]
  rows[#rows + 1] = entry[2][2]
  size = size + #entry[2][2]
end
return rows
""")

SEAL: Final = Script("""
-- run, digest, keep, lease, after, end, frames...; nothing, if it has a writer, an end, or more
local run, after = ARGV[1], tonumber(ARGV[5])
local state = redis.call('HMGET', name('run', run), 'end', 'last')
if state[1] or not state[2] or tonumber(state[2]) ~= after then return 0 end
if redis.call('EXISTS', name('lease', run)) == 1 then return 0 end
redis.call('HSET', name('run', run), 'sealed', 1)
add(run, after + 1, after, ARGV[6], 7)
finish(run, ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]))
return 1
""")
