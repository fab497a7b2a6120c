#pragma once

#include "attest/record.hh"
#include "runner/graph/cache_key.hh"
#include "runner/graph/node.hh"
#include "runner/job/context.hh"
#include "runner/job/packer.hh"
#include "runner/job/site.hh"
#include "runner/progress/progress.hh"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace caisson::runner {

/// What a graph is solved with.
struct SolveInput {
    const Graph& graph;
    const std::map<std::string, BaseImage>& bases;
    const Context& context;
    Site& site;
    Progress& progress;
    KeyContext keys;
    int filter = -1;                                ///< the compiled seccomp program
    int i386_filter = -1;                           ///< that of steps on images of linux/386
    std::string invocation;                         ///< urn:uuid of this build
    std::chrono::steady_clock::time_point deadline; ///< of the whole build
    std::chrono::seconds build_time{0}; ///< policy limits.build_seconds, which led to it
    bool no_cache = false;              ///< --no-cache: every step runs; its entry is replaced
};

/// A solved graph.
struct Solved {
    LayerStack target;                       ///< the layers of the image, bottom first
    std::vector<attest::StepEvidence> steps; ///< in the order of the graph, bases left out
    std::vector<bool> has_layer;             ///< by node
    std::vector<std::string> plans;          ///< of the RUN steps, as JSON
    [[nodiscard]] std::vector<Layer> layers() const;
};

/// Walks the graph: for each operation its key, then a hit from the cache or the work itself; a
/// tree is packed while the next step already runs. `solved` fills as it goes, so that what is
/// known of a build that fails can be told. A step that does not end well is a StepError.
void solve(const SolveInput& input, Solved& solved);

} // namespace caisson::runner
