-- Puts the entry ARGV[1] for ARGV[2] milliseconds in the place of ARGV[3], if that was given.
-- One that is there already is put again: a request may come twice.
local current = redis.call('GET', KEYS[1])
if current and current ~= ARGV[1] and current ~= ARGV[3] then
    return 0
end
return redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
