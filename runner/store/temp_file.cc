#include "runner/store/temp_file.hh"

#include "runner/store/directory.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <utility>

namespace caisson::runner {
namespace {

const char* hint_for(int number)
{
    if (number == ENOSPC || number == EDQUOT)
        return "free some space there, or set CAISSON_STORE to another disk";
    if (number == EROFS) return "set CAISSON_STORE to a directory on a disk that can be written";
    return "";
}

bool has_name(int file)
{
    struct stat status = {};
    if (::fstat(file, &status) != 0) throw SysError(errno, "fstat");
    return status.st_nlink != 0;
}

} // namespace

TempFile::TempFile(int directory, std::string name, UniqueFd file) noexcept
    : directory_(directory)
    , name_(std::move(name))
    , file_(std::move(file))
{}

TempFile::TempFile(TempFile&& other) noexcept
    : directory_(other.directory_)
    , name_(std::exchange(other.name_, {}))
    , file_(std::move(other.file_))
{}

TempFile::~TempFile()
{
    if (!name_.empty()) ::unlinkat(directory_, name_.c_str(), 0);
}

TempFile TempFile::create(int directory)
{
    for (;;) {
        std::string name = random_hex(8);
        const int fd = ::openat(
            directory, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0 && (errno == EEXIST || errno == EINTR)) continue;
        if (fd < 0) {
            const int number = errno;
            throw SysError(number, "create a file in the store", hint_for(number));
        }
        UniqueFd file(fd);
        // between open and flock a sweeper may have taken it for garbage: then it has no name
        if (lock_if_abandoned(file.get())) return {directory, std::move(name), std::move(file)};
    }
}

void TempFile::write(std::string_view bytes) const
{
    while (!bytes.empty()) {
        const ssize_t put = ::write(file_.get(), bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) {
            const int number = errno;
            throw SysError(number, "write to the store", hint_for(number));
        }
        bytes.remove_prefix(static_cast<std::size_t>(put));
    }
}

void TempFile::publish(int target, const std::string& name) &&
{
    if (::renameat(directory_, name_.c_str(), target, name.c_str()) != 0) {
        const int number = errno;
        throw SysError(number, "rename to \"" + name + "\" in the store", hint_for(number));
    }
    name_.clear();
}

bool TempFile::publish_new(int target, const std::string& name, UniqueFd& locked) &&
{
    if (::linkat(directory_, name_.c_str(), target, name.c_str(), 0) != 0) {
        const int number = errno;
        if (number == EEXIST) return false;
        throw SysError(number, "link \"" + name + "\" in the store", hint_for(number));
    }
    locked = std::move(file_);
    return true;
}

bool lock_if_abandoned(int file)
{
    while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return false;
        if (errno != EINTR) throw SysError(errno, "flock");
    }
    return has_name(file);
}

void sweep_temp_files(int directory)
{
    for (const std::string& name : names_in(directory)) {
        const UniqueFd file(
            ::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        // names are random and never used twice: what was locked is what is removed
        if (file && lock_if_abandoned(file.get())) ::unlinkat(directory, name.c_str(), 0);
    }
}

void publish_bytes(int tmp, int target, const std::string& name, std::string_view bytes)
{
    TempFile file = TempFile::create(tmp);
    file.write(bytes);
    std::move(file).publish(target, name);
}

} // namespace caisson::runner
