#pragma once

#include "runner/request.hh"

#include <memory>

namespace CLI {
class App;
}

namespace caisson::runner {

/// The options that `caisson run` and `caisson explain run` share, as CLI11 fills them.
struct RunOptions {
    RunRequest request;
    std::string rootfs;
    std::string timeout;
    std::vector<std::string> binds;
    std::vector<std::string> environment;
};

/// Adds them to a verb.
[[nodiscard]] std::shared_ptr<RunOptions> add_run_options(CLI::App& app);

/// The request; what does not fit together is an Error of kind kUsage.
[[nodiscard]] RunRequest request_of(const RunOptions& options,
                                    const std::vector<std::string>& command);

} // namespace caisson::runner
