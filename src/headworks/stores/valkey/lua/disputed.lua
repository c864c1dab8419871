-- Calls of dead processes of which nobody has said yet what they used.
--
-- ARGV     what the names of the epochs begin with, the most calls
-- Answer   packed list of {call, epoch, taken at µs}

local beginning, most = ARGV[1], tonumber(ARGV[2])
local found, cursor = {}, '0'
repeat
  local page = call('HSCAN', P .. 'disputed', cursor, 'COUNT', 200)
  cursor = page[1]
  for place = 1, #page[2], 2 do
    local id, epoch, taken = page[2][place], unpack(cmsgpack.unpack(page[2][place + 1]))
    if call('EXISTS', P .. 'r:' .. id) == 0 then
      call('HDEL', P .. 'disputed', id)
    elseif epoch:sub(1, #beginning) == beginning and #found < most then
      found[#found + 1] = {id, epoch, taken}
    end
  end
until cursor == '0' or #found >= most
return cmsgpack.pack(found)
