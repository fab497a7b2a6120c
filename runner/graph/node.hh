#pragma once

#include "runner/image/base_image.hh"
#include "runner/image/config.hh"
#include "sandbox/plan.hh"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace caisson::runner {

using NodeId = std::size_t;

/// The layers of a base image. No input.
struct BaseOp {
    std::string image; ///< key into the resolved bases; "scratch" has no layers
};

/// A command in a cell, on top of input 0. The plan has no trees yet: solve() fills them in.
struct RunOp {
    sandbox::Plan plan;
};

/// Files into the tree of input 0: from the build context, or from the tree of input 1.
struct CopyOp {
    std::vector<std::string> sources;
    std::vector<std::pair<std::string, std::string>> inline_files; ///< name, content: COPY heredocs
    std::string destination; ///< absolute; a trailing `/` is kept and means a directory
    std::string owner;
    std::string mode;
    bool from_node = false; ///< sources lie in input 1, not in the context
    bool unpack = false;    ///< ADD: a local archive is unpacked
};

/// A directory in the tree of input 0, made if it is missing: WORKDIR.
struct DirectoryOp {
    std::string path;
};

using Op = std::variant<BaseOp, RunOp, CopyOp, DirectoryOp>;

/// One operation of the build, with what it needs. Knows nothing of Dockerfiles but where it came
/// from.
struct Node {
    Op op;
    std::vector<NodeId> inputs;
    std::string stage; ///< name of its stage, or its number
    std::string name;  ///< "[build 2/5] RUN make"
    std::string where; ///< "Dockerfile:7"
};

/// What becomes of one instruction in the image's history: with a node, whether a layer comes with
/// it is known only once the node is solved.
struct HistoryLine {
    History history;
    std::optional<NodeId> node;
};

/// The build as operations, each after its inputs; only what the target needs.
struct Graph {
    std::vector<Node> nodes;
    NodeId target = 0;
    ImageConfig config; ///< of the target, less diff_ids and history
    std::vector<HistoryLine> history;
    std::vector<std::string> warnings;
    std::map<std::string, std::string> base_of_stage; ///< stage → base image key, for the statement
};

} // namespace caisson::runner
