-- What processes held that give no sign of life any more: what was under way is over, and money is spent until the journal says
-- what was really used.
--
-- ARGV     µs of silence after which a process is dead, the most calls to see to, the epoch to give up in any case or ''
-- Answer   packed {calls seen to, processes given up}. As many calls as asked for: there may be more.

local silence, most, given_up = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local calls, processes = 0, 0
local UNKNOWN = {[''] = {0, 0}}

local function charge_call(epoch, id, entries)
  local note = call('GET', P .. 'n:' .. id)
  local actual = note and cmsgpack.unpack(note)
  local used = used_of(actual or UNKNOWN, entries)
  for place, entry in ipairs(entries) do
    if entry[SHAPE] == UNDER_WAY then
      settle(entry, 0, 0)
    elseif entry[SHAPE] ~= RATE then
      settle(entry, unpack(used[place]))
    end
  end
  if not note then
    call('SET', P .. 'r:' .. id, cmsgpack.pack(entries), 'PX', RECORD_MS)
    call('HSET', P .. 'disputed', id, cmsgpack.pack({epoch, entries[1] and entries[1][TAKEN] or now}))
  end
end

local function reap(epoch)
  call('HSET', P .. 'e:' .. epoch, 'dead', 1)
  for _, id in ipairs(call('HKEYS', P .. 'o:' .. epoch)) do
    if calls >= most then
      return
    end
    charge_call(epoch, id, held_by(epoch, id))
    let_go(epoch, id)
    calls = calls + 1
  end
  call('PEXPIRE', P .. 'e:' .. epoch, RECORD_MS)
  call('ZREM', P .. 'epochs', epoch)
  processes = processes + 1
end

local dead = call('ZRANGEBYSCORE', P .. 'epochs', '-inf', string.format('%.0f', now - silence))
if given_up ~= '' then
  dead = {given_up}
end
for _, epoch in ipairs(dead) do
  if calls < most then
    reap(epoch)
  end
end
write_states()
return cmsgpack.pack({calls, processes})
