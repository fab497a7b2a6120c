#include "sandbox/base/file.hh"

#include "sandbox/base/error.hh"

#include <cerrno>
#include <fcntl.h>
#include <random>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>

namespace caisson {
namespace {

std::string random_suffix()
{
    std::random_device source;
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string suffix;
    for (int word = 0; word < 3; ++word) {
        auto bits = source();
        for (int digit = 0; digit < 4; ++digit, bits >>= 4)
            suffix += kDigits[bits & 0xf];
    }
    return suffix;
}

} // namespace

UniqueFd open_file(const std::filesystem::path& path, int flags, mode_t mode)
{
    return open_file_at(AT_FDCWD, path.native(), flags, mode);
}

UniqueFd open_file_at(int directory, const std::string& name, int flags, mode_t mode)
{
    for (;;) {
        const int fd = ::openat(directory, name.c_str(), flags | O_CLOEXEC, mode);
        if (fd >= 0) return UniqueFd(fd);
        if (errno != EINTR) throw SysError(errno, "open \"" + name + "\"");
    }
}

std::string read_all(int fd, std::size_t limit, std::string_view what)
{
    std::string bytes;
    std::size_t used = 0;
    for (;;) {
        if (bytes.size() - used < 16384) bytes.resize(std::min(limit + 1, used + used / 2 + 65536));
        const ssize_t got = ::read(fd, bytes.data() + used, bytes.size() - used);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw SysError(errno, "read " + std::string(what));
        if (got == 0) break;
        used += static_cast<std::size_t>(got);
        if (used > limit)
            throw Error(ErrorKind::kInput,
                        std::string(what) + " is larger than " + std::to_string(limit) + " bytes");
    }
    bytes.resize(used);
    return bytes;
}

std::string read_file(const std::filesystem::path& path, std::size_t limit)
{
    const UniqueFd file = open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat status = {};
    if (::fstat(file.get(), &status) != 0) throw SysError(errno, "stat \"" + path.native() + "\"");
    if (!S_ISREG(status.st_mode))
        throw Error(ErrorKind::kInput, "\"" + path.native() + "\" is not a regular file");
    return read_all(file.get(), limit, "\"" + path.native() + "\"");
}

void write_all(int fd, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t put = ::write(fd, bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) throw SysError(errno, "write");
        bytes.remove_prefix(static_cast<std::size_t>(put));
    }
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes, mode_t mode)
{
    const std::filesystem::path temporary = path.native() + ".tmp-" + random_suffix();
    try {
        const UniqueFd file = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
        write_all(file.get(), bytes);
        if (::rename(temporary.c_str(), path.c_str()) != 0)
            throw SysError(errno, "rename to \"" + path.native() + "\"");
    } catch (Error& error) {
        ::unlink(temporary.c_str());
        error.add_context("write \"" + path.native() + "\"");
        throw;
    }
}

std::pair<UniqueFd, UniqueFd> make_pipe()
{
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) throw SysError(errno, "pipe2");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

UniqueFd make_sealed_memfd(const char* name, std::string_view bytes)
{
    UniqueFd file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file) throw SysError(errno, "memfd_create");
    write_all(file.get(), bytes);
    if (::fcntl(
            file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
        throw SysError(errno, "fcntl(F_ADD_SEALS)");
    if (::lseek(file.get(), 0, SEEK_SET) != 0) throw SysError(errno, "lseek");
    return file;
}

TempDirectory::TempDirectory(const std::filesystem::path& parent, std::string_view prefix)
    : path_(parent / (std::string(prefix) + random_suffix()))
{
    if (::mkdir(path_.c_str(), 0700) != 0)
        throw SysError(errno, "mkdir \"" + path_.native() + "\"");
}

TempDirectory::~TempDirectory()
{
    if (path_.empty()) return;
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

} // namespace caisson
