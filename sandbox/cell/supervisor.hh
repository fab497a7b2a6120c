#pragma once

#include "sandbox/base/channel.hh"
#include "sandbox/base/unique_fd.hh"

#include <sys/types.h>
#include <utility>

namespace caisson::sandbox {

/// The process that answers for one cell of a linux/386 image what its filter cannot decide
/// (cell/socketcall.hh). A child of the chamber in the cell's user and network namespace, on an
/// empty root, under a filter of its own. If it dies, what it would have answered fails with
/// ENOSYS, as the kernel does for a listener that is gone.
class Supervisor {
public:
    /// Forks it off a single-threaded caller that is root of the cell's parent namespace. `users`,
    /// `network`: the cell's namespaces; `program`: a file with its filter; all borrowed. Over
    /// `channel` the cell hears how it went, and sends the listener.
    static Supervisor start(int users, int network, int program, Channel channel);

    Supervisor(Supervisor&& other) noexcept
        : pid_(std::exchange(other.pid_, -1))
    {}
    Supervisor& operator=(Supervisor&&) = delete;
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;
    /// Kills and reaps it.
    ~Supervisor();

private:
    explicit Supervisor(pid_t pid)
        : pid_(pid)
    {}

    pid_t pid_ = -1;
};

/// The cell's side: waits until the supervisor's walls are up. What failed there is thrown.
void await_supervisor(const Channel& channel);
/// The cell's side: hands over the listener of its filter.
void send_listener(const Channel& channel, int listener);

} // namespace caisson::sandbox
