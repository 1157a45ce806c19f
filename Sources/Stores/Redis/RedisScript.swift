internal import Policies

/// What the server does with one question about one quota, at once and undisturbed.
///
/// A rolling window is one number: when all will have been earned back (the theoretical arrival time of GCRA), in
/// microseconds of the server's clock. A calendar window is how much is used of it, under a key of its own.
enum RedisScript {
    static let text = """
        local function num(i) return tonumber(ARGV[i]) end
        local least, most = num(2), num(3)
        local debit, outage, back = num(4), num(5), num(6)
        local granted, wait = 0, 0
        if ARGV[1] == 'calendar' then
            local max, ends = num(7), num(8)
            local used = tonumber(redis.call('GET', KEYS[1]) or '0') + debit + outage - back
            if used < 0 then used = 0 end
            local free = max - used
            if free >= most then granted = most
            elseif free >= least and least > 0 then granted = free end
            used = used + granted
            redis.call('SET', KEYS[1], string.format('%.0f', used), 'PXAT', string.format('%.0f', ends))
            local left = max - used
            if left < 0 then left = 0 end
            return {granted, left, 0, 0}
        end
        local price, room = num(7), num(8)
        local now
        if ARGV[9] then now = num(9) else
            local time = redis.call('TIME')
            now = time[1] * 1000000 + time[2]
        end
        local full = tonumber(redis.call('GET', KEYS[1]) or '0')
        if full < now then full = now end
        full = full + debit * price
        if outage > 0 then
            local emptied = full + outage * price
            if emptied > now + room then emptied = math.max(full, now + room) end
            full = emptied
        end
        full = math.max(now, full - back * price)
        local free = math.floor((now + room - full) / price + 0.000001)
        if free < 0 then free = 0 end
        if free >= most then granted = most
        elseif free >= least and least > 0 then granted = free
        elseif least > 0 then wait = math.ceil(full + least * price - now - room) end
        full = full + granted * price
        if full > now then
            redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', string.format('%.0f', math.ceil((full - now) / 1000) + 1))
        else
            redis.call('DEL', KEYS[1])
        end
        local left = math.floor((now + room - full) / price + 0.000001)
        if left < 0 then left = 0 end
        return {granted, left, wait, math.ceil(full - now)}
        """

    /// `KEYS` and `ARGV` of one question.
    ///
    /// - Parameter clock: microseconds since 1970, for tests; else the server's clock.
    static func arguments(
        _ question: QuotaLease.Question, about policy: QuotaPolicy, key: String, prefix: String, clock: UInt64? = nil
    ) -> (key: String, arguments: [String]) {
        var arguments = [
            "rolling", String(question.least), String(question.most), String(question.debit), String(question.outage),
            String(question.giveBack),
        ]
        var place = "\(prefix):quota:\(key)"
        switch policy.window {
        case .rolling(let period, let burst):
            let price = Double(period) / 1_000 / (Double(policy.max) * Double(policy.scale))
            arguments.append("\(price)")
            arguments.append("\(price * Double(burst) * Double(policy.scale))")
            if let clock { arguments.append(String(clock)) }
        case .calendar:
            // A little longer than the window, for clocks that don't agree.
            let end = question.windowEnd / 1_000_000
            place += "@\(end / 1_000)"
            arguments[0] = "calendar"
            arguments.append(String(UInt64(policy.max) * policy.scale))
            arguments.append(String(end + 60_000))
        case .now: break
        }
        return (place, arguments)
    }

    /// What the server said; `nil` where that is no answer to a question.
    static func answer(_ value: RESPValue) -> QuotaLease.Answer? {
        guard case .array(let items?) = value, items.count == 4 else { return nil }
        let numbers = items.compactMap { $0.number.map { UInt64(clamping: $0) } }
        guard numbers.count == 4 else { return nil }
        return QuotaLease.Answer(
            granted: numbers[0], remaining: numbers[1], wait: nanoseconds(numbers[2]),
            untilFull: nanoseconds(numbers[3])
        )
    }

    private static func nanoseconds(_ microseconds: UInt64) -> UInt64 {
        let (product, overflow) = microseconds.multipliedReportingOverflow(by: 1_000)
        return overflow ? .max : product
    }
}
