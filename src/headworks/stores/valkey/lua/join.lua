-- A process makes itself known, or asks how things stand.
--
-- ARGV     the server's run id, the epoch, the generation that the process last worked with or ''
-- Answer   packed {phase, generation, seq of the epoch's last batch, through}. Phase: lost (these counters are not to be trusted),
--          loading, gathering, open, fenced (this epoch was given up: take another, and declare what is still held)

local run, epoch, known = ARGV[1], ARGV[2], ARGV[3]
if generation == '' or marker[4] ~= run then
  return cmsgpack.pack({'lost', '', 0, ''})
end
if known ~= '' and known ~= generation and lost_at == 0 then
  call('HSET', GENERATION, 'lost_at', string.format('%.0f', now)) -- counters were lost: that of rates is not told by any ledger
end
local here = call('HMGET', P .. 'e:' .. epoch, 'seq', 'dead')
if here[2] then
  return cmsgpack.pack({'fenced', generation, tonumber(here[1] or 0), ''})
end
if marker[5] ~= 'loading' then
  call('HSETNX', P .. 'e:' .. epoch, 'seq', 0)
  call('ZADD', P .. 'epochs', string.format('%.0f', now), epoch)
end
return cmsgpack.pack({marker[5], generation, tonumber(here[1] or 0), call('HGET', GENERATION, 'through') or ''})
