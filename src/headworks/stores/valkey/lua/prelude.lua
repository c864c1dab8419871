-- What all scripts share: where things are kept, sums beyond 2^53, and the state of counters for as long as one script runs.
--
-- P..'generation'   hash: id, run (the server's run id), phase (gathering | open), lost_at (µs), through (packed)
-- P..'epochs'       sorted set: epoch of a process -> its last sign of life, µs of the server's clock
-- P..'e:'..epoch    hash: seq of the last batch that was carried out; dead, once it is being reaped
-- P..'o:'..epoch    hash: call id -> packed list of entries: what the call holds
-- P..'r:'..call     packed list of entries: charged for a call whose process died, until the journal says what it really used
-- P..'n:'..call     packed map counter -> {hi, lo}: what the journal says of a call that still holds something
-- P..'c:'..counter  packed state of one counter
--
-- An amount is a pair hi, lo: hi * 1e9 + lo, with lo from 0 to 999,999,999: a Lua number counts exactly only up to 2^53.
-- An entry is {counter, kind, limit hi, lo, span µs, keep ms, amount hi, lo, least hi, lo, taken at µs}.

local P = KEYS[1]
local BASE = 1000000000
local RATE, SUM, WINDOW = 1, 2, 3
local COUNTER, KIND, LIMIT, SPAN, KEEP, AMOUNT, LEAST, TAKEN = 1, 2, 3, 5, 6, 7, 9, 11
local call = redis.call
local clock = call('TIME')
local now = clock[1] * 1000000 + clock[2]

local function plus(hi, lo, more_hi, more_lo)
  lo = lo + more_lo
  local carry = math.floor(lo / BASE)
  return hi + more_hi + carry, lo - carry * BASE
end

local function minus(hi, lo, less_hi, less_lo)
  return plus(hi, lo, -less_hi, -less_lo)
end

local function above(hi, lo, than_hi, than_lo)
  return hi > than_hi or (hi == than_hi and lo > than_lo)
end

-- ── The states of counters: read once a script, written once at its end ──────────────────────────────────────────────────────

local states, dirty = {}, {}

local function state_of(entry)
  local counter = entry[COUNTER]
  local state = states[counter]
  if not state then
    local packed = call('GET', P .. 'c:' .. counter)
    state = packed and cmsgpack.unpack(packed) or false
    if not state then
      state = entry[KIND] == RATE and {unknown_rate(entry)} or {0, 0, 0, 0}
    end
    states[counter] = state
  end
  return state
end
