#pragma once

#include "policies/json_cursor.hh"

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace caisson::policies {

/// How firmly a limit must be held on the host that builds. A limit that the policy does not speak
/// of is held as well as the host can; the statement says how well that was.
enum class Enforcement {
    kRequired,       ///< by the kernel, or by a watcher that ends the step soon after
    kKernelRequired, ///< by the kernel: not one byte more
};

/// What a step, and a whole build, may use. No field means "no limit" by being zero.
struct PolicyLimits {
    // one step
    std::uint64_t memory_bytes = 0;
    std::uint64_t swap_bytes = 0;
    std::uint64_t huge_page_bytes = 0;
    std::optional<std::uint64_t> address_space_bytes; ///< of one process; not limited unless asked
    std::uint64_t processes = 0;
    std::uint64_t cpu_percent = 0; ///< of one core: 200 is two cores
    std::chrono::seconds cpu_time{0};
    std::uint64_t disk_bytes = 0;
    std::uint64_t disk_files = 0;
    std::uint64_t file_size_bytes = 0;
    std::uint64_t open_files = 0;
    std::uint64_t output_bytes = 0;
    std::chrono::seconds step_time{0};
    // the whole build
    std::uint64_t build_memory_bytes = 0; ///< of all steps that run at once, and of the chamber
    std::uint64_t build_disk_bytes = 0;
    std::chrono::seconds build_time{0};

    std::map<std::string, Enforcement> enforce; ///< by the key of a limit
};

/// Reads the member "limits" of a policy. Keys that came later may be absent and have a value of
/// their own then; the older ones must be there.
[[nodiscard]] PolicyLimits parse_limits(const JsonCursor& cursor);

/// All of it with every key, for Policy::canonical_json.
[[nodiscard]] nlohmann::json canonical_limits(const PolicyLimits& limits);

} // namespace caisson::policies
