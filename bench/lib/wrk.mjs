// Scripts for wrk: requests that nobody has sent before, since a signed request counts once.

import { writeFileSync } from 'node:fs';

/** Tells each of wrk's two threads which it is. */
const THREADS = `
local threads = 0
function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end
local function mine(path)
  local lines, number = {}, 0
  for line in io.lines(path) do
    if number % 2 == id then lines[#lines + 1] = line end
    number = number + 1
  end
  return lines
end
`;

/**
 * Asks for each line of a file once, as "METHOD path" with the headers of one who keeps the connection. Given: the file.
 * A buyer's lines must be far enough apart that two are never under way at once, since the later might arrive first.
 */
const EACH_LINE = `${THREADS}
function init(given)
  lines, at = mine(given[1]), 0
end
function request()
  at = at + 1
  if at > #lines then
    print("exhausted: more requests are needed")
    wrk.thread:stop()
    at = 1
  end
  return lines[at] .. " HTTP/1.1\\r\\nHost: tidegate\\r\\n\\r\\n"
end
`;

/** Downloads in turn for each buyer of a file, "path token" a line, with nonces that rise. Given: the file, the first nonce. */
const WITH_TOKENS = `${THREADS}
function init(given)
  buyers, count, first = {}, 0, tonumber(given[2])
  for number, line in ipairs(mine(given[1])) do
    local path, token = line:match("^(%S+) (%S+)$")
    buyers[number] = { "GET " .. path .. "&nonce=", " HTTP/1.1\\r\\nHost: tidegate\\r\\nAuthToken: " .. token .. "\\r\\n\\r\\n" }
  end
end
function request()
  local buyer = buyers[count % #buyers + 1]
  count = count + 1
  return buyer[1] .. string.format("%.0f", first + count) .. buyer[2]
end
`;

/** Writes a script and what it asks; gives wrk's flags, and what the script is to be given. */
export function eachLine(workshop, lines) {
  return scripted(workshop, EACH_LINE, lines);
}

/** The same for downloads with tokens; the first nonce is given besides. */
export function withTokens(workshop, lines) {
  return scripted(workshop, WITH_TOKENS, lines);
}

/** POSTs one JSON body again and again. */
export function posting(workshop, body) {
  const script = workshop.path('post.lua');
  const json = JSON.stringify(body);
  writeFileSync(script, `wrk.method = "POST"\nwrk.body = [==[${json}]==]\nwrk.headers["Content-Type"] = "application/json"\n`);
  return ['-s', script];
}

function scripted(workshop, script, lines) {
  const [file, asked] = [workshop.path('script.lua'), workshop.path('requests')];
  writeFileSync(file, script);
  writeFileSync(asked, `${lines.join('\n')}\n`);
  return { flags: ['-s', file], given: [asked] };
}
