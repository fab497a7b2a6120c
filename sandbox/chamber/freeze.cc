#include "sandbox/base/error.hh"
#include "sandbox/chamber/tree_limits.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/sys/path.hh"

#include <set>

namespace caisson::sandbox {
namespace {

constexpr std::uint64_t kConfined = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;

/// A layer has whole seconds: the tree on disk then equals the tree unpacked from its layer.
class Freezer {
public:
    explicit Freezer(std::int64_t epoch)
        : epoch_(epoch)
    {}

    void freeze_directory(int directory, std::size_t depth)
    {
        if (depth > kMaxDepth)
            throw Error(ErrorKind::kInput, "the tree is more than 256 directories deep");
        for (const sys::DirectoryEntry& entry : sys::read_directory(directory)) {
            const auto status = sys::fstatat(directory, entry.name);
            if (!status) continue;
            ++stats_.entries;
            if (S_ISDIR(status->st_mode))
                freeze_directory(
                    sys::openat2(
                        directory, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, kConfined)
                        .get(),
                    depth + 1);
            if (S_ISREG(status->st_mode))
                stats_.bytes += static_cast<std::uint64_t>(status->st_size);
            // a file with several names lies there once
            if (S_ISDIR(status->st_mode) || status->st_nlink == 1 ||
                linked_.insert(status->st_ino).second)
                stats_.disk_bytes += static_cast<std::uint64_t>(status->st_blocks) * kBlock;
            if (const auto time = frozen(*status)) sys::utimensat(directory, entry.name, *time);
        }
    }

    void freeze_root(int root)
    {
        if (const auto time = frozen(sys::fstat(root))) sys::futimens(root, *time);
    }

    [[nodiscard]] TreeStats stats() const { return stats_; }

private:
    /// Nothing where the time may stay: most files of a COPY are older than the epoch.
    [[nodiscard]] std::optional<timespec> frozen(const struct stat& status) const
    {
        const timespec& now = status.st_mtim;
        if (epoch_ >= 0 && now.tv_sec >= epoch_ && (now.tv_sec > epoch_ || now.tv_nsec != 0))
            return timespec{epoch_, 0};
        if (now.tv_nsec != 0) return timespec{now.tv_sec, 0};
        return std::nullopt;
    }

    static constexpr std::uint64_t kBlock = 512; // of st_blocks

    std::int64_t epoch_;
    std::set<ino_t> linked_;
    TreeStats stats_;
};

} // namespace

TreeStats freeze_tree(int root, std::int64_t epoch)
{
    Freezer freezer(epoch);
    freezer.freeze_directory(root, 0);
    freezer.freeze_root(root);
    return freezer.stats();
}

} // namespace caisson::sandbox
