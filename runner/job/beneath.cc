#include "runner/job/beneath.hh"

#include "sandbox/base/error.hh"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson::runner {
namespace {

/// EAGAIN: a rename elsewhere made the kernel unsure that the path stayed beneath (openat2(2)). It
/// asks for a retry, which a hostile neighbour must not turn into a loop.
constexpr int kTries = 64;
constexpr std::string_view kHex = "0123456789abcdef";

/// A descriptor, or a negative error number.
int open_at(int directory, const char* path, int flags, std::uint64_t links)
{
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | links;
    int number = 0;
    for (int attempt = 0; attempt < kTries; ++attempt) {
        const long fd = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (fd >= 0) return static_cast<int>(fd);
        number = errno;
        if (number != EAGAIN && number != EINTR) break;
    }
    return -number;
}

} // namespace

UniqueFd open_beneath(int directory, const char* path, int flags, std::string_view shown)
{
    const int fd = open_at(directory, path, flags, RESOLVE_NO_SYMLINKS);
    if (fd >= 0) return UniqueFd(fd);
    if (fd == -ELOOP || fd == -EXDEV)
        throw Error(ErrorKind::kInput, show_path(shown) + " became a link while the build read it");
    throw SysError(-fd, "open " + show_path(shown));
}

std::optional<UniqueFd> find_beneath(int directory, const std::string& path)
{
    const int fd = open_at(directory, path.c_str(), O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
    if (fd < 0) return std::nullopt;
    return UniqueFd(fd);
}

UniqueFd open_file_within(int directory, const std::string& path)
{
    const int fd = open_at(directory, path.c_str(), O_RDONLY | O_NONBLOCK, 0);
    if (fd == -EXDEV)
        throw Error(ErrorKind::kInput,
                    show_path(path) + " is a link that leads out of the context");
    if (fd < 0) throw SysError(-fd, "open " + show_path(path));
    UniqueFd file(fd);
    struct stat status = {};
    if (::fstat(file.get(), &status) != 0) throw SysError(errno, "stat " + show_path(path));
    if (!S_ISREG(status.st_mode))
        throw Error(ErrorKind::kInput, show_path(path) + " is not a regular file");
    return file;
}

std::string show_path(std::string_view path)
{
    std::string result = "\"";
    for (const char byte : path) {
        const auto code = static_cast<unsigned char>(byte);
        if (code < 0x20 || code == 0x7F)
            result += {'\\', 'x', kHex[code >> 4U], kHex[code & 0xFU]};
        else
            result += byte;
    }
    return result + "\"";
}

} // namespace caisson::runner
