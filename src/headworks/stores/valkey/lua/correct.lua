-- What the journal says that calls of dead processes really used. Saying it again changes nothing.
--
-- ARGV[1]  packed list of {call, counter -> {hi, lo}}: empty for a call that never began
-- Answer   how many were charged otherwise until now

local function note(id, used)
  -- still held: by a process that has not been found dead yet, or by one that lives and will settle it itself
  for _, epoch in ipairs(call('ZRANGE', P .. 'epochs', 0, -1)) do
    if call('HEXISTS', P .. 'o:' .. epoch, id) == 1 then
      call('SET', P .. 'n:' .. id, cmsgpack.pack(used), 'PX', NOTE_MS)
    end
  end
end

local corrected = 0
for _, each in ipairs(cmsgpack.unpack(ARGV[1])) do
  local id, used = each[1], each[2]
  local shares
  local known = correct(id, function(place, entries)
    shares = shares or used_of(used, entries)
    return unpack(shares[place])
  end)
  if known then
    corrected = corrected + 1
  else
    note(id, used)
  end
end
write_states()
return corrected
