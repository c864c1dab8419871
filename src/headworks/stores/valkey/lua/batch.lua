-- Everything that one process has to say in one turn of its loop.
--
-- ARGV[1]  packed {epoch, seq, generation, acts}
-- Acts     {RESERVE, call, entries}   all of them or none; what is granted is added to what the call holds
--          {SETTLE, call, used}       what it used of each entry that it holds, {hi, lo}
--          {RELEASE, call}            gives back all that the call holds
--          {SPEND, call, entries}     used without having been held: counters could not be asked
--          {DECLARE, call, entries}   held already, whatever the limit says
-- Answer   packed {status, now µs, answer of each RESERVE}. Status: OK; STALE (carried out before, or
--          overtaken); GONE (another generation, or this epoch is not known here, or no longer). But for OK nothing was done.
--          Of a RESERVE: {whether it is granted, then for each entry {counter, {hi, lo} that is granted or false, state}}; where
--          that is false and something rolls over, the state of the counter of the period before, too

local OK, STALE, GONE = 0, 1, 2
local NOTHING = {0, 0}
local RESERVE, SETTLE, RELEASE, SPEND, DECLARE = 1, 2, 3, 4, 5
local epoch, seq, wanted, acts = unpack(cmsgpack.unpack(ARGV[1]))
local act, answers = {}, {}

local function last_seq()
  local known = call('HMGET', P .. 'e:' .. epoch, 'seq', 'dead')
  return wanted == generation and not known[2] and known[1] and tonumber(known[1])
end

local function wants_more(id, entry)
  -- of a counter that another group of the same call shares, no more than what is not held yet
  local hi, lo = entry[AMOUNT], entry[AMOUNT + 1]
  for _, own in ipairs(held_by(epoch, id) or {}) do
    if own[COUNTER] == entry[COUNTER] then
      hi, lo = minus(hi, lo, own[AMOUNT], own[AMOUNT + 1])
    end
  end
  local more = not at_most(hi, lo, 0, 0)
  entry[AMOUNT], entry[AMOUNT + 1] = more and hi or 0, more and lo or 0
  return more
end

local function judged(id, entries)
  -- what is granted of each, and whether that is something of all
  local amounts, all = {}, true
  for place, entry in ipairs(entries) do
    local hi, lo = 0, 0
    if not placed(entry) or wants_more(id, entry) then
      hi, lo = granted(entry)
    end
    amounts[place] = hi and {hi, lo} or false
    all = all and hi ~= nil
  end
  return amounts, all
end

act[RESERVE] = function(id, entries)
  local amounts, all = judged(id, entries)
  local answer = {all}
  for place, entry in ipairs(entries) do
    local state = state_of(entry)
    if all then
      entry[AMOUNT], entry[AMOUNT + 1], entry[TAKEN] = amounts[place][1], amounts[place][2], now
      take(entry)
      state = {unpack(state, 1, 4)}
    end
    local earlier = not amounts[place] and before(entry)
    answer[place + 1] = {entry[COUNTER], amounts[place], {unpack(state)}, earlier and {unpack(earlier)} or nil}
  end
  if all then
    hold(epoch, id, entries)
  end
  answers[#answers + 1] = answer
end

act[SETTLE] = function(id, used)
  local entries = held_by(epoch, id)
  if entries then
    let_go(epoch, id)
    for place, entry in ipairs(entries) do
      settle(entry, unpack(used[place] or NOTHING)) -- it may hold more than it ever learned of
    end
  else
    correct(id, function(place) return unpack(used[place] or NOTHING) end)
  end
end

act[RELEASE] = function(id)
  local entries = held_by(epoch, id)
  if entries then
    let_go(epoch, id)
    for _, entry in ipairs(entries) do
      settle(entry, 0, 0)
    end
  else
    correct(id, function() return 0, 0 end)
  end
end

act[SPEND] = function(_, entries)
  for _, entry in ipairs(entries) do
    spend(entry, entry[AMOUNT], entry[AMOUNT + 1])
  end
end

act[DECLARE] = function(id, entries)
  if held_by(epoch, id) then
    return
  end
  correct(id, function() return 0, 0 end)
  for _, entry in ipairs(entries) do
    entry[TAKEN] = now
    if entry[SHAPE] ~= RATE then
      take(entry)
    end
  end
  hold(epoch, id, entries)
end

local last = last_seq()
if not last then
  return cmsgpack.pack({GONE, now, {}})
end
if seq <= last then
  return cmsgpack.pack({STALE, now, {}})
end
for _, each in ipairs(acts) do
  act[each[1]](each[2], each[3])
end
write_states()
call('HSET', P .. 'e:' .. epoch, 'seq', seq)
call('ZADD', P .. 'epochs', string.format('%.0f', now), epoch)
return cmsgpack.pack({OK, now, answers})
