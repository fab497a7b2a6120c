#include "runner/job/step_error.hh"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <string_view>

namespace caisson::runner {

std::string limit_amount(std::string_view key, std::uint64_t value)
{
    if (key.ends_with("_seconds")) return std::to_string(value) + " s";
    if (!key.ends_with("_bytes")) return std::to_string(value);
    constexpr std::array kUnits = {" bytes", " KiB", " MiB", " GiB", " TiB", " PiB"};
    std::size_t unit = 0;
    for (; value >= 1024 && value % 1024 == 0 && unit + 1 < kUnits.size(); ++unit)
        value /= 1024;
    return std::to_string(value) + kUnits[unit];
}

namespace {

std::string killed(const char* what, const sandbox::Outcome& outcome)
{
    if (outcome.limit.empty()) return "killed: the host ran out of " + std::string(what);
    return "killed: " + std::string(what) + " " + limit_amount(outcome.limit, outcome.allowed) +
           ", policy limits." + outcome.limit;
}

} // namespace

std::string verdict_word(sandbox::Outcome::Kind kind)
{
    using Kind = sandbox::Outcome::Kind;
    switch (kind) {
    case Kind::kExited:
        return "exited";
    case Kind::kSignalled:
        return "signalled";
    case Kind::kTimedOut:
        return "timed-out";
    case Kind::kTooMuchOutput:
        return "too-much-output";
    case Kind::kInterrupted:
        return "interrupted";
    case Kind::kNotFound:
        return "not-found";
    case Kind::kOutOfMemory:
        return "out-of-memory";
    case Kind::kTooManyProcesses:
        return "too-many-processes";
    case Kind::kTooMuchCpu:
        return "too-much-cpu";
    case Kind::kTooMuchDisk:
        return "too-much-disk";
    case Kind::kTooManyFiles:
        return "too-many-files";
    }
    return "unknown";
}

bool speaks_of_network(std::string_view text)
{
    constexpr std::array<std::string_view, 9> kWords = {"network is unreachable",
                                                        "network unreachable",
                                                        "resolve",
                                                        "resolution",
                                                        "resolving",
                                                        "enotfound",
                                                        "eai_again",
                                                        "getaddrinfo",
                                                        "bad address"}; // busybox's word for a name
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char letter) {
        return static_cast<char>(std::tolower(letter));
    });
    return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) {
        return lower.find(word) != std::string::npos;
    });
}

std::string verdict_text(const sandbox::Outcome& outcome)
{
    using Kind = sandbox::Outcome::Kind;
    switch (outcome.kind) {
    case Kind::kExited:
        return "exit code " + std::to_string(outcome.code);
    case Kind::kSignalled: {
        const char* name = ::sigabbrev_np(outcome.code);
        return "killed by signal " + std::to_string(outcome.code) +
               (name == nullptr ? "" : std::string(" (SIG") + name + ")");
    }
    case Kind::kTimedOut:
        return killed("time", outcome);
    case Kind::kTooMuchOutput:
        return killed("output", outcome);
    case Kind::kOutOfMemory:
        return killed("memory", outcome);
    case Kind::kTooManyProcesses:
        return killed("processes", outcome);
    case Kind::kTooMuchCpu:
        return killed("processor time", outcome);
    case Kind::kTooMuchDisk:
        return killed("disk", outcome);
    case Kind::kTooManyFiles:
        return killed("files", outcome);
    case Kind::kInterrupted:
        return "interrupted";
    case Kind::kNotFound:
        return outcome.detail.empty() ? "command not found" : outcome.detail;
    }
    return "ended in an unknown way";
}

} // namespace caisson::runner
