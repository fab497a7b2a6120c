#include "sandbox/outcome.hh"

#include "sandbox/plan.hh"

namespace caisson::sandbox {

void name_limit(Outcome& outcome, const Limits& limits)
{
    using Kind = Outcome::Kind;
    const auto name = [&](const char* limit, std::uint64_t allowed) {
        outcome.limit = limit;
        outcome.allowed = allowed;
    };
    const auto seconds = [](std::chrono::milliseconds time) {
        return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(time).count());
    };
    switch (outcome.kind) {
    case Kind::kTimedOut:
        return name("step_seconds", seconds(limits.step_time));
    case Kind::kTooMuchOutput:
        return name("output_bytes", limits.output_bytes);
    case Kind::kOutOfMemory:
        return name("memory_bytes", limits.memory_bytes);
    case Kind::kTooManyProcesses:
        return name("processes", limits.processes);
    case Kind::kTooMuchCpu:
        return name("cpu_seconds", seconds(limits.cpu_time));
    case Kind::kTooMuchDisk:
        return name("disk_bytes", limits.disk_bytes);
    case Kind::kTooManyFiles:
        return name("disk_files", limits.disk_files);
    case Kind::kExited:
    case Kind::kSignalled:
    case Kind::kInterrupted:
    case Kind::kNotFound:
        return;
    }
}

} // namespace caisson::sandbox
