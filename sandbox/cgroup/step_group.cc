// What the kernel counted of one step.
#include "sandbox/cgroup/build_groups.hh"

namespace caisson::sandbox {

bool StepGroup::Part::may_have(std::string_view file) const
{
    return place->version == 2 || place->has(file.substr(0, file.find('.')));
}

std::optional<std::string> StepGroup::read(const std::string& file) const
{
    for (const Part& part : parts_)
        if (part.may_have(file))
            if (auto text = part.group.try_read(file)) return text;
    return std::nullopt;
}

std::optional<std::uint64_t> StepGroup::count(const std::string& file, std::string_view key) const
{
    const auto text = read(file);
    return text ? number_in(*text, key) : std::nullopt;
}

std::optional<std::uint64_t> StepGroup::count_above(const std::string& file,
                                                    std::string_view key) const
{
    for (const Part& part : parts_)
        if (part.may_have(file))
            if (const auto text = part.build->try_read(file)) return number_in(*text, key);
    return std::nullopt;
}

/// Whether a group of version 1 ever came to its limit. memory.failcnt does not say: Linux 6.18
/// does not count there what its out-of-memory killer ended.
bool StepGroup::came_to_limit(Counter counter) const
{
    constexpr std::uint64_t kBatch = 1U << 20; // what a processor may hold ready, uncharged
    const auto peak = (this->*counter)("memory.max_usage_in_bytes", {});
    const auto limit = (this->*counter)("memory.limit_in_bytes", {});
    return peak && limit && *peak + kBatch >= *limit;
}

/// The kernel's out-of-memory killer was here. Whose limit was reached?
std::optional<StepGroup::Hit> StepGroup::memory_hit() const
{
    const auto killed = count("memory.events", "oom_kill");
    if (killed.value_or(count("memory.oom_control", "oom_kill").value_or(0)) == 0)
        return std::nullopt;
    const auto reached = [&](Counter counter) {
        const auto times = (this->*counter)("memory.events.local", "oom");
        return times ? *times > 0 : came_to_limit(counter);
    };
    if (reached(&StepGroup::count))
        return Hit{Outcome::Kind::kOutOfMemory, "memory_bytes", limits_.memory_bytes};
    if (reached(&StepGroup::count_above))
        return Hit{Outcome::Kind::kOutOfMemory, "build_memory_bytes", limits_.build_memory_bytes};
    return Hit{Outcome::Kind::kOutOfMemory, "", 0};
}

std::optional<StepGroup::Hit> StepGroup::hit() const
{
    if (auto memory = memory_hit()) return memory;
    // a fork was refused
    if (count("pids.events", "max").value_or(0) > 0)
        return Hit{Outcome::Kind::kTooManyProcesses, "processes", limits_.processes};
    if (cpu().value_or(std::chrono::microseconds(0)) >= limits_.cpu_time)
        return Hit{Outcome::Kind::kTooMuchCpu,
                   "cpu_seconds",
                   static_cast<std::uint64_t>(limits_.cpu_time.count())};
    return std::nullopt;
}

bool StepGroup::renew() const
{
    constexpr std::uint64_t kMostLeft = 4U << 20; // bytes that the next step's peak may begin with
    if (entrance_.directory >= 0 || hit()) return false;
    if (count("memory.usage_in_bytes").value_or(0) > kMostLeft) return false;
    for (const char* counter : {"memory.max_usage_in_bytes", "cpuacct.usage"})
        for (const Part& part : parts_)
            if (part.may_have(counter) && !part.group.try_write(counter, std::uint64_t{0}))
                return false;
    return true;
}

std::optional<std::chrono::microseconds> StepGroup::cpu() const
{
    if (const auto time = count("cpuacct.usage"))
        return std::chrono::duration_cast<std::chrono::microseconds>(
            std::chrono::nanoseconds(*time));
    if (const auto time = count("cpu.stat", "usage_usec")) return std::chrono::microseconds(*time);
    return std::nullopt;
}

std::optional<std::uint64_t> StepGroup::peak_memory() const
{
    const auto peak = count("memory.peak"); // Linux 5.19
    return peak ? peak : count("memory.max_usage_in_bytes");
}

} // namespace caisson::sandbox
