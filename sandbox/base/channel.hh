#pragma once

#include "sandbox/base/unique_fd.hh"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caisson {

/// One message and the descriptors that came with it.
struct Message {
    std::string text;
    std::vector<UniqueFd> descriptors;
};

/// One end of a SOCK_SEQPACKET pair between two of our programs: whole messages, with descriptors
/// (unix(7), SCM_RIGHTS). Sending and receiving may be done by two threads at once.
/// A long message travels as a sealed memfd: what a socket holds at once is the host's choice
/// (net.core.wmem_max).
class Channel {
public:
    static constexpr std::size_t kMaxMessage =
        1U << 20; ///< bytes; a longer one is refused by both sides
    static constexpr std::size_t kMaxDescriptors = 16;

    explicit Channel(UniqueFd socket) noexcept
        : socket_(std::move(socket))
    {}

    /// {our end, the end to hand to the program that is started}.
    [[nodiscard]] static std::pair<Channel, UniqueFd> make_pair();

    /// Sends one message; throws SysError (EPIPE: the other side is gone; SIGPIPE is never raised).
    void send(std::string_view text, const std::vector<int>& descriptors = {}) const;

    /// The next message, nothing when the other side is gone. A truncated message is an Error.
    [[nodiscard]] std::optional<Message> receive() const;

    [[nodiscard]] int fd() const noexcept { return socket_.get(); }
    /// Ends both directions, so that a thread in receive() returns.
    void shutdown() const noexcept;

private:
    void send_inline(std::string_view text, const std::vector<int>& descriptors) const;

    UniqueFd socket_;
};

} // namespace caisson
