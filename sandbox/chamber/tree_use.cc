#include "sandbox/chamber/tree_use.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/unique_fd.hh"
#include "sandbox/sys/path.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/magic.h>
#include <optional>
#include <set>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <vector>

namespace caisson::sandbox {
namespace {

constexpr std::uint64_t kBlock = 512; // of st_blocks

/// XFS is not in <linux/magic.h> of Debian 12 (fs/xfs/libxfs/xfs_format.h, XFS_SUPER_MAGIC).
constexpr long kXfsMagic = 0x58465342;

class TreeCounter {
public:
    explicit TreeCounter(const TreeUse& most)
        : most_(most)
    {}

    /// Goes down by name and up by `..`, so that it needs one descriptor however deep the tree is,
    /// and checks on the way up that it came back to where it was: the tree may be moved about.
    TreeUse count(int root)
    {
        UniqueFd here(::openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!here) throw SysError(errno, "openat");
        const struct stat top = sys::fstat(here.get());
        device_ = top.st_dev;
        levels_.push_back({top.st_ino, list(here.get())});
        while (!levels_.empty() && use_.whole) {
            Level& level = levels_.back();
            if (level.directories.empty()) {
                levels_.pop_back();
                if (!levels_.empty()) here = climb(here.get());
                continue;
            }
            const std::string name = std::move(level.directories.back());
            level.directories.pop_back();
            descend(here, name);
        }
        return use_;
    }

private:
    struct Level {
        ino_t inode = 0;
        std::vector<std::string> directories; ///< not yet counted
    };

    std::vector<std::string> list(int directory)
    {
        std::vector<std::string> directories;
        auto entries = sys::read_directory_if_present(directory);
        if (!entries) return directories;
        for (sys::DirectoryEntry& entry : *entries) {
            struct stat status = {};
            if (::fstatat(directory, entry.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
                continue; // removed meanwhile
            if (status.st_dev != device_) continue;
            if (S_ISDIR(status.st_mode))
                directories.push_back(std::move(entry.name));
            else if (status.st_nlink > 1 && !linked_.insert(status.st_ino).second)
                continue; // another name of what was counted
            use_.bytes += static_cast<std::uint64_t>(status.st_blocks) * kBlock;
            ++use_.files;
            if (use_.bytes > most_.bytes || use_.files > most_.files) {
                use_.whole = false;
                return {};
            }
        }
        return directories;
    }

    void descend(UniqueFd& here, const std::string& name)
    {
        UniqueFd below(
            ::openat(here.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!below) return; // removed, or something else by now
        const struct stat status = sys::fstat(below.get());
        if (status.st_dev != device_) return;
        here = std::move(below);
        levels_.push_back({status.st_ino, list(here.get())});
    }

    UniqueFd climb(int directory)
    {
        UniqueFd above(::openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!above || sys::fstat(above.get()).st_ino != levels_.back().inode) use_.whole = false;
        return above;
    }

    TreeUse most_;
    TreeUse use_;
    dev_t device_ = 0;
    std::vector<Level> levels_;
    std::set<ino_t> linked_;
};

} // namespace

TreeUse count_tree(int root, const TreeUse& most)
{
    return TreeCounter(most).count(root);
}

Space space_left(int directory)
{
    constexpr std::array kPrompt = {
        static_cast<long>(EXT4_SUPER_MAGIC), kXfsMagic, static_cast<long>(TMPFS_MAGIC)};
    struct statfs status = {};
    if (::fstatfs(directory, &status) != 0) throw SysError(errno, "fstatfs");
    const auto block = static_cast<std::uint64_t>(status.f_bsize);
    return {.bytes = block * static_cast<std::uint64_t>(status.f_bfree),
            .files = static_cast<std::uint64_t>(status.f_ffree),
            .counts_files = status.f_files != 0,
            .prompt = std::find(kPrompt.begin(), kPrompt.end(), static_cast<long>(status.f_type)) !=
                      kPrompt.end()};
}

} // namespace caisson::sandbox
