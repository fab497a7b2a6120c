#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace caisson::runner {

/// What a verb does once its options are read: returns the exit code, or throws an Error.
using Action = std::function<int()>;

/// A verb: each adds its options to `app` and returns its action. One file each
/// (runner/cli/<verb>.cc).
[[nodiscard]] Action add_build(CLI::App& app);
/// `command`: what follows `--`; outlives the action.
[[nodiscard]] Action add_run(CLI::App& app, const std::vector<std::string>& command);
[[nodiscard]] Action add_explain(CLI::App& app, const std::vector<std::string>& command);
[[nodiscard]] Action add_host(CLI::App& app);
[[nodiscard]] Action add_image(CLI::App& app);
[[nodiscard]] Action add_key(CLI::App& app);
[[nodiscard]] Action add_verify(CLI::App& app);
[[nodiscard]] Action add_inspect(CLI::App& app);
[[nodiscard]] Action add_store(CLI::App& app);

} // namespace caisson::runner
