#include "sandbox/sys/path.hh"

#include "sandbox/base/error.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

namespace caisson::sandbox::sys {
namespace {

constexpr int kCreate = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::size_t kLongestQuote = 200;

struct Record { // struct linux_dirent64, getdents64(2)
    std::uint64_t inode;
    std::int64_t offset;
    std::uint16_t length;
    unsigned char type;
    // the name follows, NUL-terminated
};
constexpr std::size_t kNameAt = offsetof(Record, type) + 1;

/// The error number is taken first: making the text may change errno.
[[noreturn]] void fail(int number, const char* call, std::string_view name)
{
    throw SysError(number, std::string(call) + " " + quoted(name));
}

int try_openat2(
    int directory, const std::string& name, int flags, std::uint64_t resolve, mode_t mode)
{
    open_how how = {};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.mode = mode;
    how.resolve = resolve;
    for (;;) {
        const long fd = ::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how);
        // EAGAIN: a rename elsewhere raced with the resolution; openat2(2) says to try again
        if (fd >= 0 || (errno != EINTR && errno != EAGAIN)) return static_cast<int>(fd);
    }
}

/// True for success, false for EEXIST.
bool made(int result, const char* call, const std::string& name)
{
    if (result == 0) return true;
    const int number = errno;
    if (number == EEXIST) return false;
    fail(number, call, name);
}

/// {leave the access time, the new modification time}
std::array<timespec, 2> only_modified(const timespec& modified)
{
    return {timespec{0, UTIME_OMIT}, modified};
}

} // namespace

UniqueFd
openat2(int directory, const std::string& name, int flags, std::uint64_t resolve, mode_t mode)
{
    const int fd = try_openat2(directory, name, flags, resolve, mode);
    if (fd < 0) fail(errno, "openat2", name);
    return UniqueFd(fd);
}

std::optional<UniqueFd>
openat2_if_present(int directory, const std::string& name, int flags, std::uint64_t resolve)
{
    const int fd = try_openat2(directory, name, flags, resolve, 0);
    if (fd >= 0) return UniqueFd(fd);
    const int number = errno;
    if (number == ENOENT || number == ENOTDIR) return std::nullopt;
    fail(number, "openat2", name);
}

std::optional<UniqueFd> create_file(int directory, const std::string& name, mode_t mode)
{
    for (;;) {
        const int fd = ::openat(directory, name.c_str(), kCreate, mode);
        if (fd >= 0) return UniqueFd(fd);
        const int number = errno;
        if (number == EEXIST) return std::nullopt;
        if (number != EINTR) fail(number, "openat", name);
    }
}

bool mkdirat(int directory, const std::string& name, mode_t mode)
{
    return made(::mkdirat(directory, name.c_str(), mode), "mkdirat", name);
}

bool symlinkat(const std::string& target, int directory, const std::string& name)
{
    return made(::symlinkat(target.c_str(), directory, name.c_str()), "symlinkat", name);
}

bool mknodat(int directory, const std::string& name, mode_t mode, dev_t device)
{
    return made(::mknodat(directory, name.c_str(), mode, device), "mknodat", name);
}

bool linkat(int old_directory, const std::string& old_name, int directory, const std::string& name)
{
    return made(
        ::linkat(old_directory, old_name.c_str(), directory, name.c_str(), 0), "linkat", name);
}

void unlinkat(int directory, const std::string& name, int flags)
{
    if (::unlinkat(directory, name.c_str(), flags) != 0) fail(errno, "unlinkat", name);
}

struct stat fstat(int fd)
{
    struct stat status = {};
    if (::fstat(fd, &status) != 0) throw SysError(errno, "fstat");
    return status;
}

std::optional<struct stat> fstatat(int directory, const std::string& name)
{
    struct stat status = {};
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return status;
    const int number = errno;
    if (number == ENOENT) return std::nullopt;
    fail(number, "fstatat", name);
}

std::string readlinkat(int directory, const std::string& name)
{
    std::string target(PATH_MAX, '\0');
    const ssize_t size = ::readlinkat(directory, name.c_str(), target.data(), target.size());
    if (size < 0) fail(errno, "readlinkat", name);
    target.resize(static_cast<std::size_t>(size));
    return target;
}

void fchown(int fd, uid_t user, gid_t group)
{
    if (::fchown(fd, user, group) != 0) throw SysError(errno, "fchown");
}

void fchownat(int directory, const std::string& name, uid_t user, gid_t group)
{
    if (::fchownat(directory, name.c_str(), user, group, AT_SYMLINK_NOFOLLOW) != 0)
        fail(errno, "fchownat", name);
}

void fchmod(int fd, mode_t mode)
{
    if (::fchmod(fd, mode) != 0) throw SysError(errno, "fchmod");
}

void fchmodat(int directory, const std::string& name, mode_t mode)
{
    if (::fchmodat(directory, name.c_str(), mode, 0) != 0) fail(errno, "fchmodat", name);
}

void futimens(int fd, const timespec& modified)
{
    const auto times = only_modified(modified);
    if (::futimens(fd, times.data()) != 0) throw SysError(errno, "futimens");
}

void utimensat(int directory, const std::string& name, const timespec& modified)
{
    const auto times = only_modified(modified);
    if (::utimensat(directory, name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0)
        fail(errno, "utimensat", name);
}

void ftruncate(int fd, std::uint64_t size)
{
    if (::ftruncate(fd, static_cast<off_t>(size)) != 0) throw SysError(errno, "ftruncate");
}

void pwrite(int fd, std::string_view bytes, std::uint64_t offset)
{
    while (!bytes.empty()) {
        const ssize_t put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) throw SysError(errno, "pwrite");
        bytes.remove_prefix(static_cast<std::size_t>(put));
        offset += static_cast<std::uint64_t>(put);
    }
}

void sendfile(int output, int input, std::uint64_t size)
{
    while (size != 0) {
        const std::size_t part = std::min<std::uint64_t>(size, 1U << 30);
        const ssize_t sent = ::sendfile(output, input, nullptr, part);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) throw SysError(errno, "sendfile");
        if (sent == 0) throw Error(ErrorKind::kInput, "a file became shorter while it was read");
        size -= static_cast<std::uint64_t>(sent);
    }
}

void fsetxattr(int fd, const std::string& name, std::string_view value)
{
    if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) != 0)
        fail(errno, "fsetxattr", name);
}

std::string fgetxattr(int fd, const std::string& name)
{
    std::string value(256, '\0');
    for (;;) {
        const ssize_t size = ::fgetxattr(fd, name.c_str(), value.data(), value.size());
        if (size >= 0) {
            value.resize(static_cast<std::size_t>(size));
            return value;
        }
        if (errno != ERANGE) fail(errno, "fgetxattr", name);
        value.resize(XATTR_SIZE_MAX);
    }
}

std::vector<std::string> flistxattr(int fd)
{
    // most files have none: one call with a small buffer tells so
    std::array<char, 256> first = {};
    std::string large;
    const char* names = first.data();
    ssize_t size = ::flistxattr(fd, first.data(), first.size());
    if (size < 0 && errno == ERANGE) {
        large.resize(XATTR_LIST_MAX);
        size = ::flistxattr(fd, large.data(), large.size());
        names = large.data();
    }
    if (size < 0 && errno == ENOTSUP) return {};
    if (size < 0) throw SysError(errno, "flistxattr");
    std::vector<std::string> list;
    for (ssize_t at = 0; at < size; at += static_cast<ssize_t>(list.back().size()) + 1)
        list.emplace_back(names + at);
    std::sort(list.begin(), list.end());
    return list;
}

namespace {

/// 0, or the error number.
int list_directory(int fd, std::vector<DirectoryEntry>& entries)
{
    if (::lseek(fd, 0, SEEK_SET) != 0) return errno;
    alignas(Record) std::array<char, 65536> buffer = {};
    for (;;) {
        const long size = ::syscall(SYS_getdents64, fd, buffer.data(), buffer.size());
        if (size < 0) return errno;
        if (size == 0) break;
        for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
            Record record = {};
            std::memcpy(&record, buffer.data() + at, kNameAt);
            const std::string_view name(buffer.data() + at + kNameAt);
            if (name != "." && name != "..") entries.push_back({std::string(name), record.type});
            at += record.length;
        }
    }
    std::sort(entries.begin(), entries.end(), [](const auto& left, const auto& right) {
        return left.name < right.name; // std::string compares as unsigned bytes
    });
    return 0;
}

} // namespace

std::vector<DirectoryEntry> read_directory(int fd)
{
    std::vector<DirectoryEntry> entries;
    if (const int number = list_directory(fd, entries)) throw SysError(number, "getdents64");
    return entries;
}

std::optional<std::vector<DirectoryEntry>> read_directory_if_present(int fd)
{
    std::vector<DirectoryEntry> entries;
    const int number = list_directory(fd, entries);
    if (number == ENOENT || number == ESRCH || number == EACCES || number == EPERM)
        return std::nullopt;
    if (number != 0) throw SysError(number, "getdents64");
    return entries;
}

std::string quoted(std::string_view name)
{
    std::string text = "\"";
    for (const char letter : name.substr(0, kLongestQuote)) {
        const auto byte = static_cast<unsigned char>(letter);
        if (letter == '"' || letter == '\\') {
            text += '\\';
            text += letter;
        } else if (byte < 0x20 || byte >= 0x7f) {
            text += "\\x";
            text += kDigits[byte >> 4U];
            text += kDigits[byte & 0xfU];
        } else {
            text += letter;
        }
    }
    if (name.size() > kLongestQuote) text += "…";
    return text + "\"";
}

} // namespace caisson::sandbox::sys
