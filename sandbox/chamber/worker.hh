#pragma once

#include "sandbox/base/unique_fd.hh"

#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace caisson::sandbox {

/// What a worker sees as its root.
struct WorkerView {
    std::vector<std::string> lowers; ///< topmost first
    std::string upper;               ///< empty: read-only
    bool raw = false; ///< not a merged view but the tree `upper` itself (freeze, pack); with an
                      ///< empty `upper` the directory of all trees (remove)
};

/// A child of the chamber at work on one tree.
struct Worker {
    pid_t pid = -1;
    UniqueFd
        result; ///< read end: one JSON object, {"result": …} or {"error": error_wire}, then the end
};

/// Starts a worker: a child in a mount namespace of its own, pivoted into `view` with nothing else
/// in sight, every descriptor closed but `stream` (-1: none), capabilities cut to what files need,
/// no_new_privs, Landlock to its own root, a system-call filter that knows neither sockets nor
/// processes; dies with the chamber. `body` gets the root directory and returns the JSON text of
/// its result; an Error it throws goes up the pipe. A wall that cannot be raised is such an error
/// (kind kHost). A worker that dies without a word leaves an empty pipe: the caller reaps `pid`.
///
/// Forks: for a single-threaded process.
Worker start_worker(int trees,
                    const WorkerView& view,
                    int stream,
                    const std::function<std::string(int root, int stream)>& body);

} // namespace caisson::sandbox
