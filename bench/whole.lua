-- wrk script: questions of about 2.4 kB, every one different, over the keys and models given in the environment.
local words = { "canal", "river", "gate", "ledger", "basin", "signal", "orchard", "bridge", "current", "measure", "harvest", "archive" }

local function list(text)
  local found = {}
  for one in text:gmatch("[^,]+") do found[#found + 1] = one end
  return found
end

local keys = list(os.getenv("BENCH_KEYS") or "any")
local models = list(os.getenv("BENCH_MODELS") or "gpt-4o")
local extra = {}
for name, value in (os.getenv("BENCH_HEADERS") or ""):gmatch("([^=\n]+)=([^\n]*)") do extra[name] = value end
local bodies = {}

local function question(number)
  local text = {}
  local size = 0
  while size < 2120 do
    local word = words[math.random(#words)]
    text[#text + 1] = word
    size = size + #word + 1
  end
  if wrk.path == "/v1/messages" then
    return '{"model":"' .. models[(number - 1) % #models + 1] .. '","system":"You are a helpful assistant who answers in a few plain sentences.",'
      .. '"messages":[{"role":"user","content":"Question ' .. number .. ': ' .. table.concat(text, " ")
      .. '?"}],"temperature":0.2,"max_tokens":256,"metadata":{"user_id":"bench-' .. number .. '"}}'
  end
  return '{"model":"' .. models[(number - 1) % #models + 1] .. '","messages":[{"role":"system","content":"You are a helpful assistant who '
    .. 'answers in a few plain sentences."},{"role":"user","content":"Question ' .. number .. ': ' .. table.concat(text, " ")
    .. '?"}],"temperature":0.2,"max_tokens":256,"user":"bench-' .. number .. '","metadata":{"round":"' .. number .. '"}}'
end

function init(args)
  math.randomseed(7)
  for number = 1, 500 do
    local headers = {
      ["Content-Type"] = "application/json",
      ["Authorization"] = "Bearer " .. keys[(number - 1) % #keys + 1],
      ["Host"] = wrk.host .. ":" .. wrk.port,
    }
    for name, value in pairs(extra) do headers[name] = value end
    bodies[number] = wrk.format("POST", nil, headers, question(number))
  end
end

local turn = 0
function request()
  turn = turn % #bodies + 1
  return bodies[turn]
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("BENCH %d %d %d %d %d\n", summary.requests, summary.duration, errors.connect + errors.read + errors.write,
    errors.status, errors.timeout))
end
