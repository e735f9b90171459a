-- What is there, and for how many milliseconds yet.
local entry = redis.call('GET', KEYS[1])
if not entry then
    return false
end
return { entry, redis.call('PTTL', KEYS[1]) }
