#pragma once

#include "sandbox/base/channel.hh"
#include "sandbox/outcome.hh"
#include "sandbox/plan.hh"

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace caisson::sandbox {

/// What of a cell is to be watched. Space on disk always is: no kernel counts it for a tree.
struct WatchOrder {
    std::uint64_t cell = 0; ///< a number of the caller's
    pid_t init = -1;        ///< the cell's first process, in the caller's pid namespace
    Limits limits;
    std::string upper; ///< the tree that it writes to; empty: none
    bool memory = true;
    bool processes = true;
    bool cpu = true;
};

/// A cell went past a limit.
struct WatchFinding {
    std::uint64_t cell = 0;
    Outcome::Kind kind = Outcome::Kind::kOutOfMemory;
    std::string limit; ///< the policy's key where it is not the kind's usual one
};

/// The chamber's watcher: a process of its own that looks at what cells take where the kernel does
/// not count it, ever more often the nearer a limit is, and says when one is passed. It may read
/// processes and trees, and nothing else; it kills nobody.
class Watcher {
public:
    /// Forks: for a single-threaded process. `trees` is borrowed.
    [[nodiscard]] static Watcher start(int trees);

    [[nodiscard]] int fd() const noexcept { return channel_.fd(); } ///< readable: receive()
    void watch(const WatchOrder& order) const;
    void forget(std::uint64_t cell) const;
    /// The next finding. An Error of kind kHost where the watcher is gone: nobody holds the limits
    /// then.
    [[nodiscard]] WatchFinding receive() const;

private:
    explicit Watcher(Channel channel);

    Channel channel_;
};

} // namespace caisson::sandbox
