#include "runner/image/workplace.hh"

#include "runner/store/directory.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace caisson::runner {
namespace {

/// Whether `path` still leads to the directory that is open: the one before us removes its own.
bool still_there(const std::filesystem::path& path, int directory)
{
    struct stat named = {};
    struct stat open = {};
    if (::fstat(directory, &open) != 0) throw SysError(errno, "fstat");
    return ::lstat(path.c_str(), &named) == 0 && named.st_dev == open.st_dev &&
           named.st_ino == open.st_ino;
}

} // namespace

Workplace::Workplace(const std::filesystem::path& directory, const std::string& name)
    : path_(directory / ("." + name + ".partial"))
{
    for (;;) {
        if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST)
            throw SysError(errno, "mkdir \"" + path_.native() + "\"");
        lock_ = UniqueFd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!lock_ && errno == ENOENT) continue;
        if (!lock_) throw SysError(errno, "open \"" + path_.native() + "\"");
        while (::flock(lock_.get(), LOCK_EX) != 0)
            if (errno != EINTR) throw SysError(errno, "flock \"" + path_.native() + "\"");
        if (still_there(path_, lock_.get())) break;
    }
    for (const std::string& left : names_in(lock_.get()))
        in_context("clear \"" + path_.native() + "\"", [&] { remove_beneath(lock_.get(), left); });
    inside_.emplace(path_);
}

Workplace::~Workplace()
{
    inside_.reset();
    ::rmdir(path_.c_str());
}

} // namespace caisson::runner
