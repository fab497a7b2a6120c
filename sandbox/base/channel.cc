#include "sandbox/base/channel.hh"

#include "sandbox/base/error.hh"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>

namespace caisson {
namespace {

constexpr std::size_t kControlSpace = CMSG_SPACE(Channel::kMaxDescriptors * sizeof(int));

} // namespace

std::pair<Channel, UniqueFd> Channel::make_pair()
{
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        throw SysError(errno, "socketpair");
    UniqueFd ours(ends[0]);
    UniqueFd theirs(ends[1]);
    const int size = static_cast<int>(kMaxMessage);
    for (const int end : ends)
        if (::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) != 0)
            throw SysError(errno, "setsockopt(SO_SNDBUF)");
    return {Channel(std::move(ours)), std::move(theirs)};
}

void Channel::send(std::string_view text, const std::vector<int>& descriptors) const
{
    if (text.size() > kMaxMessage || descriptors.size() > kMaxDescriptors)
        throw Error(ErrorKind::kInternal,
                    "message of " + std::to_string(text.size()) +
                        " bytes is too large for a channel");
    iovec part = {const_cast<char*>(text.data()), text.size()};
    alignas(cmsghdr) std::array<char, kControlSpace> control = {};
    msghdr header = {};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    if (!descriptors.empty()) {
        const std::size_t bytes = descriptors.size() * sizeof(int);
        header.msg_control = control.data();
        header.msg_controllen = CMSG_SPACE(bytes);
        cmsghdr* rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(bytes);
        std::memcpy(CMSG_DATA(rights), descriptors.data(), bytes);
    }
    for (;;) {
        if (::sendmsg(socket_.get(), &header, MSG_NOSIGNAL) >= 0) return;
        if (errno != EINTR) throw SysError(errno, "sendmsg");
    }
}

std::optional<Message> Channel::receive() const
{
    Message message;
    // A peek first, so that the buffer fits the message and nothing is cut.
    ssize_t size = 0;
    do
        size = ::recv(socket_.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC);
    while (size < 0 && errno == EINTR);
    if (size < 0 && errno == ECONNRESET) return std::nullopt;
    if (size < 0) throw SysError(errno, "recv");
    if (static_cast<std::size_t>(size) > kMaxMessage)
        throw Error(ErrorKind::kInternal, "message too large");
    message.text.resize(static_cast<std::size_t>(size));

    iovec part = {message.text.data(), message.text.size()};
    alignas(cmsghdr) std::array<char, kControlSpace> control = {};
    msghdr header = {};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    ssize_t got = 0;
    do
        got = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == ECONNRESET) return std::nullopt;
    if (got < 0) throw SysError(errno, "recvmsg");
    for (cmsghdr* rights = CMSG_FIRSTHDR(&header); rights != nullptr;
         rights = CMSG_NXTHDR(&header, rights)) {
        if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t index = 0; index < count; ++index) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(rights) + index * sizeof(int), sizeof fd);
            message.descriptors.emplace_back(fd);
        }
    }
    if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
        throw Error(ErrorKind::kInternal, "message was cut short");
    if (got == 0 && message.descriptors.empty()) return std::nullopt;
    return message;
}

void Channel::shutdown() const noexcept
{
    ::shutdown(socket_.get(), SHUT_RDWR);
}

} // namespace caisson
