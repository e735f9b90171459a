-- Lends to the owner ARGV[1] for ARGV[2] milliseconds. One who has it already gets it again: a
-- request may come twice.
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then
    return 0
end
return redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
