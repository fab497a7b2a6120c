#pragma once

#include "runner/request.hh"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace caisson::runner {

/// The options that `caisson build` and `caisson explain build` share, as CLI11 fills them.
struct BuildOptions {
    BuildRequest request;
    std::vector<std::string> build_args;
    std::vector<std::string> build_contexts;
    std::vector<std::string> outputs;
    std::string key;
    std::string provenance;
    std::string metadata;
    std::string iid;
    std::int64_t epoch = 0;
    CLI::Option* epoch_option = nullptr;
};

/// Adds them to a verb.
[[nodiscard]] std::shared_ptr<BuildOptions> add_build_options(CLI::App& app);

/// The request; what does not fit together is an Error of kind kUsage.
[[nodiscard]] BuildRequest request_of(const BuildOptions& options);

} // namespace caisson::runner
