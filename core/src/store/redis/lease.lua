-- Lends to the owner ARGV[1] for ARGV[2] milliseconds. Tries it first, so that a server that
-- cannot write says so, whoever has it. One who has it already gets it again: a request may come
-- twice.
local lent = redis.pcall('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
if lent then
    return lent
end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
return redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
