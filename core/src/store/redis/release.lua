-- Takes back from the owner ARGV[1].
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
return redis.pcall('DEL', KEYS[1])
