#include "sandbox/base/error.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/sys/path.hh"

#include <cerrno>
#include <sys/stat.h>
#include <vector>

namespace caisson::sandbox {
namespace {

// Never through a link, never into another mount.
constexpr std::uint64_t kConfined = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;

/// A directory on the way from the top to where the removal stands.
struct Level {
    std::string name;
    struct stat identity = {};
    std::vector<std::string> directories; ///< still to be removed
};

UniqueFd open_below(int parent, const std::string& name)
{
    return sys::openat2(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, kConfined);
}

/// Removes all but directories, and tells those.
std::vector<std::string> remove_plain_entries(int directory)
{
    std::vector<std::string> directories;
    for (const sys::DirectoryEntry& entry : sys::read_directory(directory)) {
        bool is_directory = entry.type == DT_DIR;
        if (entry.type == DT_UNKNOWN) {
            const auto status = sys::fstatat(directory, entry.name);
            is_directory = status && S_ISDIR(status->st_mode);
        }
        if (is_directory)
            directories.push_back(entry.name);
        else
            sys::unlinkat(directory, entry.name, 0);
    }
    return directories;
}

Level enter(int directory, const std::string& name)
{
    return {name, sys::fstat(directory), remove_plain_entries(directory)};
}

/// Up by `..`: a descriptor for every level would run out in a tree deeper than their limit.
UniqueFd parent_of(int directory, const struct stat& expected)
{
    UniqueFd parent(::openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent) throw SysError(errno, "openat \"..\"");
    const struct stat found = sys::fstat(parent.get());
    if (found.st_dev != expected.st_dev || found.st_ino != expected.st_ino)
        throw Error(ErrorKind::kInput, "a directory was moved while it was removed");
    return parent;
}

} // namespace

void remove_tree(int parent, const std::string& name)
{
    const auto status = sys::fstatat(parent, name);
    if (!status) return;
    if (!S_ISDIR(status->st_mode)) return sys::unlinkat(parent, name, 0);

    UniqueFd here = open_below(parent, name);
    std::vector<Level> way;
    way.push_back(enter(here.get(), name));
    for (;;) {
        if (!way.back().directories.empty()) {
            const std::string next = std::move(way.back().directories.back());
            way.back().directories.pop_back();
            here = open_below(here.get(), next);
            way.push_back(enter(here.get(), next));
            continue;
        }
        const std::string done = std::move(way.back().name);
        way.pop_back();
        if (way.empty()) return sys::unlinkat(parent, done, AT_REMOVEDIR);
        here = parent_of(here.get(), way.back().identity);
        sys::unlinkat(here.get(), done, AT_REMOVEDIR);
    }
}

} // namespace caisson::sandbox
