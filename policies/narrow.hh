#pragma once

#include "policies/policy.hh"

#include <chrono>
#include <cstdint>
#include <optional>

namespace caisson::policies {

/// What a caller asks to have less of.
struct Narrowing {
    std::optional<std::chrono::seconds> step_time;
    std::optional<std::chrono::seconds> build_time;
    std::optional<std::chrono::seconds> cpu_time;
    std::optional<std::uint64_t> processes;
    std::optional<std::uint64_t> memory_bytes;
    std::optional<std::uint64_t> disk_bytes;

    bool operator==(const Narrowing&) const = default;
};

/// The policy, narrowed. Asking for more than it gives is an Error of kind kRefused that lists
/// every reason at once. canonical_json is that of what is returned.
[[nodiscard]] Policy narrow(Policy policy, const Narrowing& request);

} // namespace caisson::policies
