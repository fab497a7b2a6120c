#pragma once

#include "policies/policy.hh"

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace caisson::runner {

/// What this host can give, as one object ("format": "caisson-host-check@v1", docs/cli.md): the
/// chamber's checks (sandbox/host/check.hh), the store at `root`, ids, and at last a cell that
/// really runs. `possible` is false where a build would not be.
///
/// With `self_test`, where a build is possible, the whole adversarial set is tried in a cell under
/// that policy: one more check, and `selfTest` has every attempt. A wall that does not hold makes
/// builds impossible. Seconds. Ctrl-C is an Error of kind kInterrupted.
[[nodiscard]] nlohmann::json report_host(const std::filesystem::path& root,
                                         const policies::Policy* self_test = nullptr);

} // namespace caisson::runner
