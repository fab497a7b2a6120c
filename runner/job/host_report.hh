#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace caisson::runner {

/// What this host can give, as one object ("format": "caisson-host-check@v1", docs/cli.md): the
/// chamber's checks (sandbox/host/check.hh), the store at `root`, ids, and at last a cell that
/// really runs. `possible` is false where a build would not be.
[[nodiscard]] nlohmann::json report_host(const std::filesystem::path& root);

} // namespace caisson::runner
