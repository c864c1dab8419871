-- The arithmetic of domain/limits/counter.py, and what is kept where. All scripts begin with this.
--
-- ROOT..'generation'  hash: id; run (the server's run id); phase (loading, gathering, open); lost_at µs; now µs; through (JSON)
-- ROOT..'rebuilder'   who is making a generation
-- P is ROOT, the generation's id and a colon: what an earlier generation left (a snapshot on disk, a replica behind) is not seen.
-- P..'epochs'       sorted set: epoch of a process -> its last sign of life, µs of the server's clock
-- P..'e:'..epoch    hash: seq of the last batch that was carried out; dead, from when it is being reaped
-- P..'o:'..epoch    hash: call -> packed entries: what the call holds
-- P..'r:'..call     packed entries: charged for a call whose process died, until the journal says what it really used
-- P..'disputed'     hash: call -> packed {epoch, taken at µs}: all that have a record P..'r:'..call
-- P..'n:'..call     packed counter -> {hi, lo}: what the journal says of a call that still holds something
-- P..'c:'..counter  packed state of a counter
-- P..'g:'..stem     sorted set: counter of a group -> when it may be forgotten, ms
--
-- An amount beyond 2^53 is no longer a number of Lua's: it is a pair hi, lo, that is hi * 1e9 + lo with lo from 0 to 999,999,999.
-- An entry, what a call holds or wants of a counter, is a list that ends where nothing more is to be said. A negative LEAST is none.

-- One that rolls over says when its period ends (ms), the counters of the period before, what each is given, and how much is carried on.

local COUNTER, SHAPE, LIMIT, SPAN, KEEP, AMOUNT, TAKEN, LEAST, OVERFLOW, MOST, STEM = 1, 2, 3, 5, 6, 7, 9, 10, 12, 13, 14
local TURN, BEFORE, BEFORE_OVERFLOW, GIVEN, CARRIED = 15, 16, 17, 18, 20
local RATE, SLIDING, UNDER_WAY = 0, 1, 3
local SLOTS = 60
local BASE = 1000000000
local FORGET_MS, RECORD_MS, NOTE_MS = 48 * 3600000, 48 * 3600000, 900000

local ROOT = KEYS[1]
local GENERATION = ROOT .. 'generation'
local call = redis.call
local marker = call('HMGET', GENERATION, 'id', 'lost_at', 'now', 'run', 'phase')
local generation = marker[1] or ''
local P = ROOT .. generation .. ':'
local clock = call('TIME')
local now = math.max(clock[1] * 1000000 + clock[2], tonumber(marker[3] or 0)) -- it never runs back
local lost_at = tonumber(marker[2] or 0)

-- ── Numbers ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

local function plus(hi, lo, more_hi, more_lo)
  lo = lo + more_lo
  local carry = math.floor(lo / BASE)
  return hi + more_hi + carry, lo - carry * BASE
end

local function minus(hi, lo, less_hi, less_lo)
  return plus(hi, lo, -less_hi, -less_lo)
end

local function at_most(hi, lo, than_hi, than_lo)
  return hi < than_hi or (hi == than_hi and lo <= than_lo)
end

local function div(x, y)
  local rest = math.fmod(x, y) -- exact; x / y is not
  return (x - rest) / y, rest
end

local function times_over(a, b, c)
  -- a * b / c, rounded down, and whether anything is left over; a, c < 2^36, 0 <= b < 2^32
  local b0 = b % 65536
  local high, rest = div(a * ((b - b0) / 65536), c)
  local low, left = div(rest * 65536 + a * b0, c)
  return high * 65536 + low, left > 0
end

local function number(hi, lo)
  return hi * BASE + lo
end

-- ── States ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
-- rate {at}; count and under way {spent hi, lo, held hi, lo}; sliding the same, then number, spent hi, lo, held hi, lo of each slot

local states, kept = {}, {}

local function width_of(entry)
  return math.ceil(entry[SPAN] / (SLOTS - 1))
end

local function slide(entry, state)
  local oldest = math.floor(now / width_of(entry)) - SLOTS + 1
  while state[5] and state[5] < oldest do
    local _ = table.remove(state, 5)
    state[1], state[2] = minus(state[1], state[2], table.remove(state, 5), table.remove(state, 5))
    state[3], state[4] = minus(state[3], state[4], table.remove(state, 5), table.remove(state, 5))
  end
end

local function fresh(entry)
  if entry[SHAPE] ~= RATE then
    return {0, 0, 0, 0}
  end
  return {lost_at > 0 and lost_at + entry[SPAN] or 0} -- nobody knows what was taken before: all of it, at the worst
end

local function known(counter)
  -- nil where nothing is
  local state = states[counter]
  if not state then
    local packed = call('GET', P .. 'c:' .. counter)
    state = packed and cmsgpack.unpack(packed)
    states[counter] = state
  end
  return state
end

local function state_of(entry)
  local counter = entry[COUNTER]
  local state = states[counter]
  if not state then
    state = known(counter) or fresh(entry)
    states[counter] = state
    if entry[SHAPE] == SLIDING then
      slide(entry, state)
    end
  end
  return state
end

local function changed(entry)
  kept[entry[COUNTER]] = entry
end

local function past(when)
  -- ms from now until so long after that instant that nobody asks any more
  return math.max(3600000, when - math.floor(now / 1000)) + FORGET_MS
end

local function keep_ms(entry, state)
  -- how long it must be remembered; 0: not at all; nil: for good
  if entry[SHAPE] == RATE then
    return math.max(0, math.ceil((state[1] - now) / 1000))
  end
  if entry[SHAPE] == SLIDING then
    return math.ceil((entry[SPAN] + 2 * width_of(entry)) / 1000)
  end
  if entry[KEEP] > 0 then
    return past(entry[KEEP])
  end
  if state[1] == 0 and state[2] == 0 and state[3] == 0 and state[4] == 0 then
    return 0
  end
  return entry[KEEP] < 0 and state[3] == 0 and state[4] == 0 and -entry[KEEP] or nil
end

local function write_states()
  for counter, entry in pairs(kept) do
    local key, state = P .. 'c:' .. counter, states[counter]
    local ms = keep_ms(entry, state)
    if ms == 0 then
      call('DEL', key)
    elseif ms then
      call('SET', key, cmsgpack.pack(state), 'PX', ms)
    else
      call('SET', key, cmsgpack.pack(state))
    end
    if (entry[OVERFLOW] or '') ~= '' then
      -- with a rollover it is known longer than it counts as a group
      call('ZADD', P .. 'g:' .. entry[STEM], math.floor(now / 1000) + (entry[TURN] and past(entry[TURN]) or ms or RECORD_MS), counter)
    end
  end
  call('HSET', GENERATION, 'now', string.format('%.0f', now))
end

local function placed(entry)
  -- where a grouped limit has as many groups as it may, a new one shares the counter of the rest: whether this one does
  local overflow = entry[OVERFLOW]
  if not overflow or overflow == '' or states[entry[COUNTER]] or call('EXISTS', P .. 'c:' .. entry[COUNTER]) == 1 then
    return
  end
  local groups = P .. 'g:' .. entry[STEM]
  call('ZREMRANGEBYSCORE', groups, '-inf', math.floor(now / 1000))
  if call('ZCARD', groups) >= entry[MOST] and not call('ZSCORE', groups, entry[COUNTER]) then
    entry[COUNTER], entry[OVERFLOW] = overflow, ''
    entry[BEFORE] = entry[BEFORE_OVERFLOW]
    return true
  end
end

-- ── Judging, taking, settling ──────────────────────────────────────────────────────────────────────────────────────────────────

local function before(entry)
  -- state of the counter of the period before, of what rolls over; a group that had none of its own may have shared one
  local own, shared = entry[BEFORE] or '', entry[BEFORE_OVERFLOW] or ''
  return own ~= '' and (known(own) or shared ~= '' and known(shared)) or nil
end

local function carried(entry)
  -- what the period before has left
  if (entry[BEFORE] or '') == '' then
    return 0, 0
  end
  local hi, lo, state = entry[GIVEN], entry[GIVEN + 1], before(entry)
  if state then
    hi, lo = minus(hi, lo, plus(unpack(state, 1, 4)))
  end
  if hi < 0 then
    return 0, 0
  end
  if at_most(hi, lo, entry[CARRIED], entry[CARRIED + 1]) then
    return hi, lo
  end
  return entry[CARRIED], entry[CARRIED + 1]
end

local function free(entry, state)
  if entry[SHAPE] == RATE then
    local limit = number(entry[LIMIT], entry[LIMIT + 1])
    local left = entry[SPAN] - state[1] + now
    if state[1] > now then
      limit = left > 0 and times_over(limit, left, entry[SPAN]) or 0
    end
    local lo = limit % BASE
    return (limit - lo) / BASE, lo
  end
  local hi, lo = minus(entry[LIMIT], entry[LIMIT + 1], plus(state[1], state[2], state[3], state[4]))
  if entry[TURN] then
    return plus(hi, lo, carried(entry))
  end
  return hi, lo
end

local function granted(entry)
  -- what of an entry is granted, or nothing
  local hi, lo = free(entry, state_of(entry))
  if at_most(entry[AMOUNT], entry[AMOUNT + 1], hi, lo) then
    return entry[AMOUNT], entry[AMOUNT + 1]
  end
  if entry[LEAST] and entry[LEAST] >= 0 and at_most(entry[LEAST], entry[LEAST + 1], hi, lo) then
    return hi, lo
  end
end

local function slot_of(entry, state, when)
  -- the place of a slot in the state, made if it is that of now
  local wanted = math.floor(when / width_of(entry))
  for place = #state - 4, 5, -5 do
    if state[place] == wanted then
      return place
    end
  end
  if when == now then
    for _, value in ipairs({wanted, 0, 0, 0, 0}) do
      state[#state + 1] = value
    end
    return #state - 4
  end
end

local function lengthen(entry, state, amount)
  local more, rest = times_over(amount, entry[SPAN], number(entry[LIMIT], entry[LIMIT + 1]))
  state[1] = math.max(state[1], now) + more + (rest and 1 or 0)
end

local function charge(entry, state, spent_hi, spent_lo, held_hi, held_lo, place)
  state[1], state[2] = plus(state[1], state[2], spent_hi, spent_lo)
  state[3], state[4] = plus(state[3], state[4], held_hi, held_lo)
  if place then
    state[place + 1], state[place + 2] = plus(state[place + 1], state[place + 2], spent_hi, spent_lo)
    state[place + 3], state[place + 4] = plus(state[place + 3], state[place + 4], held_hi, held_lo)
  end
end

local function take(entry)
  local state, hi, lo = state_of(entry), entry[AMOUNT], entry[AMOUNT + 1]
  changed(entry)
  if entry[SHAPE] == RATE then
    lengthen(entry, state, number(hi, lo))
  else
    charge(entry, state, 0, 0, hi, lo, entry[SHAPE] == SLIDING and slot_of(entry, state, entry[TAKEN]))
  end
end

local function settle_rate(entry, state, used)
  local amount = number(entry[AMOUNT], entry[AMOUNT + 1])
  if used > amount then
    lengthen(entry, state, used - amount)
  elseif used < amount then
    local limit = number(entry[LIMIT], entry[LIMIT + 1])
    local credit = times_over(amount - used, entry[SPAN], limit) - (now - entry[TAKEN])
    state[1] = credit > 0 and state[1] - credit or state[1]
  end
end

local function settle(entry, used_hi, used_lo)
  -- replace what is held by what was used; of what is under way nothing is ever used
  local state, shape, place = state_of(entry), entry[SHAPE], nil
  changed(entry)
  if shape == RATE then
    return settle_rate(entry, state, number(used_hi, used_lo))
  end
  if shape == SLIDING then
    place = slot_of(entry, state, entry[TAKEN])
    if not place then
      return -- taken longer ago than the period
    end
  end
  charge(entry, state, used_hi, used_lo, -entry[AMOUNT], -entry[AMOUNT + 1], place)
end

local function spend(entry, hi, lo)
  -- more (or, negative, less) was used of it than is known
  local state, place = state_of(entry), nil
  if entry[SHAPE] == RATE or entry[SHAPE] == UNDER_WAY then
    return
  end
  changed(entry)
  if entry[SHAPE] == SLIDING then
    place = slot_of(entry, state, entry[TAKEN] > 0 and entry[TAKEN] or now)
    if not place then
      return
    end
  end
  charge(entry, state, hi, lo, 0, 0, place)
end

-- ── What calls hold ────────────────────────────────────────────────────────────────────────────────────────────────────────────

local function held_by(epoch, id)
  local packed = call('HGET', P .. 'o:' .. epoch, id)
  return packed and cmsgpack.unpack(packed)
end

local function hold(epoch, id, entries)
  local all = {}
  for place, entry in ipairs(entries) do
    all[place] = {unpack(entry, 1, TAKEN)}
  end
  if call('HSETNX', P .. 'o:' .. epoch, id, cmsgpack.pack(all)) == 1 then
    return
  end
  local before = held_by(epoch, id)
  for _, entry in ipairs(all) do
    before[#before + 1] = entry
  end
  call('HSET', P .. 'o:' .. epoch, id, cmsgpack.pack(before))
end

local function let_go(epoch, id)
  return call('HDEL', P .. 'o:' .. epoch, id) == 1
end

local function correct(id, actual)
  -- replace what was charged for a call of a dead process: actual(place, entries) gives hi, lo; false if nothing was charged
  local packed = call('GET', P .. 'r:' .. id)
  if not packed then
    return false
  end
  local entries = cmsgpack.unpack(packed)
  for place, entry in ipairs(entries) do
    local hi, lo = actual(place, entries)
    spend(entry, minus(hi, lo, entry[AMOUNT], entry[AMOUNT + 1]))
  end
  call('DEL', P .. 'r:' .. id)
  call('HDEL', P .. 'disputed', id)
  return true
end

local function used_of(actual, entries)
  -- {hi, lo} of each entry: what the journal says; what was set aside, of a counter that it does not keep; nothing, if the call never
  -- began. Of a counter that was claimed again and again the newest entries are used first, the oldest takes what remains
  local oldest, left, used = {}, {}, {}
  for place, entry in ipairs(entries) do
    oldest[entry[COUNTER]] = oldest[entry[COUNTER]] or place
  end
  for place = #entries, 1, -1 do
    local entry = entries[place]
    local counter, hi, lo = entry[COUNTER], entry[AMOUNT], entry[AMOUNT + 1]
    local remains = left[counter] or actual[counter]
    if not remains then
      used[place] = next(actual) == nil and {0, 0} or {hi, lo}
    elseif oldest[counter] == place or at_most(remains[1], remains[2], hi, lo) then
      used[place], left[counter] = remains, {0, 0}
    else
      used[place], left[counter] = {hi, lo}, {minus(remains[1], remains[2], hi, lo)}
    end
  end
  return used
end
