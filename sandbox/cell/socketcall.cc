// Every descriptor, number and byte in here may be chosen by the attacker, and changed by a second
// thread of theirs while we look. So each is read once, and acted on as it was read.
#include "sandbox/cell/socketcall.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/seccomp/evaluate.hh"
#include "sandbox/sys/identity.hh"
#include "sandbox/sys/other_process.hh"
#include "sandbox/sys/path.hh"
#include "sandbox/sys/seccomp_notify.hh"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <linux/audit.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

// i386 (arch/x86/entry/syscalls/syscall_32.tbl)
constexpr int kSocketcall = 102;
constexpr std::uint32_t kSocket = 359;
constexpr std::uint32_t kSocketpair = 360;
constexpr std::uint32_t kSetsockopt = 366;

constexpr std::uint32_t kLargestOption = 64U << 10U;
constexpr std::size_t kLargestStatus = 16U << 10U;

/// How many words a sub-call reads (net/socket.c, nargs).
std::size_t words_of(std::uint64_t subcall)
{
    constexpr std::uint32_t kSubSocket = 1;
    constexpr std::uint32_t kSubSocketpair = 8;
    constexpr std::uint32_t kSubSetsockopt = 14;
    switch (static_cast<std::uint32_t>(subcall)) {
    case kSubSocket:
        return 3;
    case kSubSocketpair:
        return 4;
    case kSubSetsockopt:
        return 5;
    default:
        return 0;
    }
}

bool is_close_on_exec(std::uint32_t type)
{
    return (type & SOCK_CLOEXEC) != 0;
}

int signed_word(std::uint32_t word)
{
    return static_cast<int>(word);
}

/// Who a thread is.
struct Identity {
    pid_t process = 0;
    uid_t user = 0;
    gid_t group = 0;
};

/// The number in the `field`th column behind `name` of /proc/<thread>/status.
template<class Number>
bool read_field(std::string_view status, std::string_view name, int field, Number& number)
{
    std::size_t at = status.find(name);
    if (at == std::string_view::npos) return false;
    at += name.size();
    for (; field > 0; --field)
        at = std::min(status.find('\t', at + 1), status.size());
    const char* const first = status.data() + std::min(at + 1, status.size());
    return std::from_chars(first, status.data() + status.size(), number).ec == std::errc();
}

std::optional<UniqueFd> open_of(int procfs, pid_t thread, const char* name, int flags)
{
    UniqueFd file(::openat(
        procfs, (std::to_string(thread) + "/" + name).c_str(), flags | O_CLOEXEC | O_NOFOLLOW));
    if (!file) return std::nullopt;
    return file;
}

std::optional<Identity> identity_of(int procfs, pid_t thread)
{
    const auto file = open_of(procfs, thread, "status", O_RDONLY);
    if (!file) return std::nullopt;
    std::array<char, kLargestStatus> buffer = {};
    const ssize_t size = ::read(file->get(), buffer.data(), buffer.size());
    const std::string_view status(buffer.data(),
                                  static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    Identity identity;
    // the second column is the effective one
    if (!read_field(status, "\nTgid:", 0, identity.process) ||
        !read_field(status, "\nUid:", 1, identity.user) ||
        !read_field(status, "\nGid:", 1, identity.group))
        return std::nullopt;
    return identity;
}

/// Takes on the caller's ids, which SO_PEERCRED of a pair and the owner of a socket tell others,
/// for as long as it lives.
class Borrowed {
public:
    explicit Borrowed(const Identity& identity)
    {
        sys::set_effective_group(identity.group);
        sys::set_effective_user(identity.user);
    }
    ~Borrowed()
    {
        sys::set_effective_user(0);
        sys::set_effective_group(0);
    }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
};

/// Not process_vm_writev(2): this handle stays on the caller's memory if its number is reused. The
/// file belongs to the caller, or to root where the caller may not be dumped.
std::optional<UniqueFd> open_memory(int procfs, pid_t thread, const Identity& caller)
{
    if (auto memory = open_of(procfs, thread, "mem", O_RDWR)) return memory;
    const Borrowed ids(caller);
    return open_of(procfs, thread, "mem", O_RDWR);
}

} // namespace

SocketcallAnswerer::SocketcallAnswerer(int listener, int procfs, std::vector<sock_filter> program)
    : listener_(listener)
    , procfs_(procfs)
    , program_(std::move(program))
{
    void* const memory = ::mmap(nullptr,
                                kLargestOption,
                                PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
                                -1,
                                0);
    if (memory == MAP_FAILED) throw SysError(errno, "mmap");
    low_memory_ = static_cast<char*>(memory);
}

void SocketcallAnswerer::answer(const seccomp_notif& call)
{
    const std::size_t count = words_of(call.data.args[0]);
    if (call.data.arch != AUDIT_ARCH_I386 || call.data.nr != kSocketcall || count == 0)
        return fail(call, EPERM);
    Words words = {};
    const auto pid = static_cast<pid_t>(call.pid);
    // the pointer is 32 bits of a register that a 64-bit program may have filled
    const std::uint64_t address = call.data.args[1] & UINT32_MAX;
    if (!sys::read_memory(pid, address, words, count * sizeof words[0])) return fail(call, EFAULT);
    // whoever has that number now is whoever made the call: it waits since before we read
    if (!sys::seccomp_waits(listener_, call.id)) return;
    switch (count) {
    case 3:
        return make_socket(call, words);
    case 4:
        return make_pair(call, words);
    default:
        return set_option(call, words);
    }
}

int SocketcallAnswerer::verdict(std::uint32_t number, const Words& words) const
{
    seccomp_data direct = {.nr = static_cast<int>(number), .arch = AUDIT_ARCH_I386};
    std::copy(std::begin(words), std::end(words), direct.args);
    const std::uint32_t answer = evaluate_seccomp(program_, direct);
    if (answer == SECCOMP_RET_ALLOW) return 0;
    const std::uint32_t error = answer & SECCOMP_RET_DATA;
    const bool tells = (answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO && error != 0;
    return tells ? static_cast<int>(error) : EPERM; // from here nobody can be killed in its place
}

void SocketcallAnswerer::fail(const seccomp_notif& call, int error) const noexcept
{
    sys::seccomp_answer(listener_, call.id, 0, error);
}

void SocketcallAnswerer::make_socket(const seccomp_notif& call, const Words& words) const
{
    if (const int error = verdict(kSocket, words)) return fail(call, error);
    const auto caller = identity_of(procfs_, static_cast<pid_t>(call.pid));
    if (!caller || !sys::seccomp_waits(listener_, call.id)) return fail(call, EPERM);
    UniqueFd made;
    int error = 0;
    {
        const Borrowed ids(*caller);
        made.reset(::socket(
            signed_word(words[0]), signed_word(words[1]) | SOCK_CLOEXEC, signed_word(words[2])));
        error = errno;
    }
    if (!made) return fail(call, error);
    const int given = sys::seccomp_give_descriptor(
        listener_, call.id, made.get(), is_close_on_exec(words[1]), true);
    if (given < 0) fail(call, -given); // the caller's table is full
}

void SocketcallAnswerer::make_pair(const seccomp_notif& call, const Words& words) const
{
    if (const int error = verdict(kSocketpair, words)) return fail(call, error);
    const auto pid = static_cast<pid_t>(call.pid);
    const auto caller = identity_of(procfs_, pid);
    const auto memory = caller ? open_memory(procfs_, pid, *caller) : std::nullopt;
    if (!memory || !sys::seccomp_waits(listener_, call.id)) return fail(call, EPERM);
    const off_t place = words[3];
    std::array<int, 2> numbers = {-1, -1};
    // before anything is handed out, as the kernel does (net/socket.c, __sys_socketpair)
    if (::pwrite(memory->get(), numbers.data(), sizeof numbers, place) !=
        static_cast<ssize_t>(sizeof numbers))
        return fail(call, EFAULT);
    std::array<int, 2> ends = {-1, -1};
    int error = 0;
    {
        const Borrowed ids(*caller);
        if (::socketpair(signed_word(words[0]),
                         signed_word(words[1]) | SOCK_CLOEXEC,
                         signed_word(words[2]),
                         ends.data()) != 0)
            error = errno;
    }
    if (error != 0) return fail(call, error);
    const UniqueFd first(ends[0]);
    const UniqueFd second(ends[1]);
    for (std::size_t index = 0; index < ends.size(); ++index) {
        numbers[index] = sys::seccomp_give_descriptor(
            listener_, call.id, ends[index], is_close_on_exec(words[1]), false);
        if (numbers[index] < 0) return fail(call, -numbers[index]);
    }
    if (::pwrite(memory->get(), numbers.data(), sizeof numbers, place) !=
        static_cast<ssize_t>(sizeof numbers))
        return fail(call, EFAULT);
    sys::seccomp_answer(listener_, call.id, 0, 0);
}

void SocketcallAnswerer::set_option(const seccomp_notif& call, const Words& words)
{
    if (const int error = verdict(kSetsockopt, words)) return fail(call, error);
    const auto pid = static_cast<pid_t>(call.pid);
    const std::uint32_t size = words[4];
    if (size > kLargestOption) return fail(call, EINVAL);
    if (size != 0 && !sys::read_memory(pid, words[3], low_memory_, size)) return fail(call, EFAULT);
    const auto caller = identity_of(procfs_, pid);
    if (!caller) return fail(call, EPERM);
    const UniqueFd process = sys::pidfd_open(caller->process);
    const UniqueFd socket = sys::pidfd_getfd(process.get(), signed_word(words[0]));
    if (!sys::seccomp_waits(listener_, call.id)) return;
    if (!socket) return fail(call, EBADF);
    int result = 0;
    {
        const Borrowed ids(*caller);
        result = sys::i386_setsockopt(socket.get(),
                                      signed_word(words[1]),
                                      signed_word(words[2]),
                                      words[3] == 0 ? nullptr : low_memory_,
                                      size);
    }
    sys::seccomp_answer(listener_, call.id, 0, -result);
}

} // namespace caisson::sandbox
