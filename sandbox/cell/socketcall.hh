#pragma once

#include <cstdint>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <vector>

namespace caisson::sandbox {

/// What answers the sub-calls of socketcall(2) whose arguments decide: socket, socketpair and
/// setsockopt. It copies the words from the caller's memory, asks the cell's own program what it
/// says to the call that they stand for, and where that is leave, makes the call itself: on a
/// socket of its own, which the caller then gets, or on a copy of the caller's descriptor. What a
/// racing thread writes over the words after that changes nothing. For a process in the cell's user
/// and network namespace that may trace the cell's processes, and may do nothing else there.
class SocketcallAnswerer {
public:
    /// `listener`: of the cell's filter. `procfs`: an open /proc in which the cell's processes can
    /// be seen. Both borrowed.
    SocketcallAnswerer(int listener, int procfs, std::vector<sock_filter> program);

    /// Answers one call.
    void answer(const seccomp_notif& call);

private:
    using Words = std::uint32_t[6];

    void make_socket(const seccomp_notif& call, const Words& words) const;
    void make_pair(const seccomp_notif& call, const Words& words) const;
    void set_option(const seccomp_notif& call, const Words& words);
    /// The error that the program answers to that call; 0: it allows it.
    [[nodiscard]] int verdict(std::uint32_t number, const Words& words) const;
    void fail(const seccomp_notif& call, int error) const noexcept;

    int listener_;
    int procfs_;
    std::vector<sock_filter> program_;
    char* low_memory_ = nullptr; ///< where a 32-bit call finds its value
};

} // namespace caisson::sandbox
