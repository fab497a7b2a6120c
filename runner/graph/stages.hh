#pragma once

#include "runner/dockerfile/instruction.hh"
#include "runner/graph/variables.hh"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace caisson::runner {

/// What a name in FROM or --from means.
struct StageReference {
    std::optional<std::size_t> stage; ///< an earlier stage
    std::string image;                ///< else a base image, as written after expansion
    std::string architecture;         ///< that --platform asks for: "386"; empty: none is asked for
};

/// What a base image goes by: two architectures of one name are two.
[[nodiscard]] std::string base_key(const StageReference& reference);

/// One stage that the target needs.
struct NeededStage {
    std::size_t index = 0; ///< in Dockerfile::stages
    StageReference base;
    std::map<std::string, StageReference> copies; ///< what each --from of its COPYs means
    std::string name;                             ///< alias, or "stage-<index>"
};

/// The stages that `target` (empty: the last) needs, each after what it needs. An unknown target or
/// stage, or a reference forward, is an Error of kind kUsage with a suggestion.
[[nodiscard]] std::vector<NeededStage> select_stages(const Dockerfile& dockerfile,
                                                     std::string_view target,
                                                     const BuildArgs& args,
                                                     std::string_view file_name);

} // namespace caisson::runner
