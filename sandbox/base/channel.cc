#include "sandbox/base/channel.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace caisson {
namespace {

constexpr std::size_t kControlSpace = CMSG_SPACE((Channel::kMaxDescriptors + 1) * sizeof(int));
constexpr std::size_t kInline = 64U << 10U; ///< bytes; a longer text travels as a memfd
constexpr std::string_view kInMemory =
    "\x01"; ///< the text lies in the last descriptor; JSON never starts so

/// The text of a message that came as a memfd. Sealed, so that it is a file, and stays what it is
/// while it is read.
std::string take_text(std::vector<UniqueFd>& descriptors)
{
    if (descriptors.empty())
        throw Error(ErrorKind::kInternal, "a long message came without its text");
    const UniqueFd memory = std::move(descriptors.back());
    descriptors.pop_back();
    const int seals = ::fcntl(memory.get(), F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_WRITE) == 0 || (seals & F_SEAL_GROW) == 0)
        throw Error(ErrorKind::kInternal, "the text of a long message is not sealed");
    if (::lseek(memory.get(), 0, SEEK_SET) != 0) throw SysError(errno, "lseek");
    return read_all(memory.get(), Channel::kMaxMessage, "a long message");
}

} // namespace

std::pair<Channel, UniqueFd> Channel::make_pair()
{
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        throw SysError(errno, "socketpair");
    UniqueFd ours(ends[0]);
    UniqueFd theirs(ends[1]);
    return {Channel(std::move(ours)), std::move(theirs)};
}

void Channel::send(std::string_view text, const std::vector<int>& descriptors) const
{
    if (text.size() > kInline && text.size() <= kMaxMessage) {
        const UniqueFd memory = make_sealed_memfd("message", text);
        std::vector<int> all = descriptors;
        all.push_back(memory.get());
        return send_inline(kInMemory, all);
    }
    send_inline(text, descriptors);
}

void Channel::send_inline(std::string_view text, const std::vector<int>& descriptors) const
{
    if (text.size() > kMaxMessage || descriptors.size() > kMaxDescriptors + 1)
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
    if (message.text == kInMemory) message.text = take_text(message.descriptors);
    return message;
}

void Channel::shutdown() const noexcept
{
    ::shutdown(socket_.get(), SHUT_RDWR);
}

} // namespace caisson
