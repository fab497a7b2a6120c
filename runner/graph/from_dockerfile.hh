#pragma once

#include "runner/dockerfile/instruction.hh"
#include "runner/graph/node.hh"
#include "runner/graph/stages.hh"
#include "runner/graph/variables.hh"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

/// What a Dockerfile is compiled with.
struct CompileInput {
    const Dockerfile& dockerfile;
    const std::vector<NeededStage>& stages; ///< of select_stages()
    const std::map<std::string, BaseImage>& bases;
    BuildArgs& args;
    sandbox::Plan plan; ///< what the policy gives each RUN: limits, capabilities, filter
    std::optional<sandbox::Plan> i386_plan; ///< the same for images of linux/386, if there are any
    std::int64_t epoch = 0;
    std::string file_name; ///< of the Dockerfile, for errors
};

/// Compiles the needed stages to a graph. What an instruction changes in the image's configuration
/// is done here; what changes files becomes a node.
[[nodiscard]] Graph compile(const CompileInput& input);

} // namespace caisson::runner
