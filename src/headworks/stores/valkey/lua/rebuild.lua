-- Making a generation of counters after they were lost, or for the first time: by one process at a time.
--
-- ARGV     the epoch of who does it, and a step with what it needs:
--   claim   run id, id of the new generation       1, or 0: somebody else does it, or nothing is lost
--   load    generation, packed list of {counter, hi, lo}
--   gather  generation, through (JSON)             from now on processes declare what they hold and what was not in the ledger yet
--   open    generation
-- Answer   1, or 0 where the claim has been lost

local who, step = ARGV[1], ARGV[2]
local lock = ROOT .. 'rebuilder'
local PATIENCE_MS = 5000

if step == 'claim' then
  if generation ~= '' and marker[4] == ARGV[3] and (marker[5] == 'open' or call('EXISTS', lock) == 1) then
    return 0
  end
  if not call('SET', lock, who, 'NX', 'PX', PATIENCE_MS) then
    return 0
  end
  call('DEL', GENERATION)
  call('HSET', GENERATION, 'id', ARGV[4], 'run', ARGV[3], 'phase', 'loading')
  return 1
end

if call('GET', lock) ~= who or generation ~= ARGV[3] then
  return 0
end
call('PEXPIRE', lock, PATIENCE_MS)
if step == 'load' then
  for _, each in ipairs(cmsgpack.unpack(ARGV[4])) do
    call('SET', P .. 'c:' .. each[1], cmsgpack.pack({each[2], each[3], 0, 0}))
  end
elseif step == 'gather' then
  call('HSET', GENERATION, 'phase', 'gathering', 'through', ARGV[4])
else
  call('HSET', GENERATION, 'phase', 'open')
  call('DEL', lock)
end
return 1
