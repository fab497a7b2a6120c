#include "sandbox/chamber/tree_tar.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/unique_fd.hh"
#include "sandbox/chamber/capability_attribute.hh"
#include "sandbox/chamber/confined_path.hh"
#include "sandbox/chamber/tree_limits.hh"
#include "sandbox/sys/path.hh"

#include <algorithm>
#include <string_view>

namespace caisson::sandbox {
namespace {

constexpr std::uint64_t kConfined = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;

[[noreturn]] void refuse(const std::string& path, const std::string& why)
{
    throw Error(ErrorKind::kInput, sys::quoted(path) + " " + why);
}

UniqueFd open_entry(int directory, const std::string& name, int flags)
{
    // O_NONBLOCK: should it turn out to be a fifo
    return sys::openat2(
        directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | flags, kConfined);
}

/// The attributes that a layer carries: user.* and file capabilities. Others are this host's
/// (security.selinux) or overlayfs's own (user.overlay.*).
std::vector<std::pair<std::string, std::string>> attributes_of(int fd)
{
    std::vector<std::pair<std::string, std::string>> attributes;
    for (const std::string& name : sys::flistxattr(fd)) {
        const bool capability = name == "security.capability";
        const bool user = name.starts_with("user.") && !name.starts_with("user.overlay.");
        if (!capability && !user) continue;
        std::string value = sys::fgetxattr(fd, name);
        if (capability) value = without_namespace(std::move(value));
        attributes.emplace_back(name, std::move(value));
    }
    return attributes;
}

bool is_opaque(int directory)
{
    const auto names = sys::flistxattr(directory);
    return std::binary_search(names.begin(), names.end(), "user.overlay.opaque") &&
           sys::fgetxattr(directory, "user.overlay.opaque") == "y";
}

bool is_whiteout(const struct stat& status)
{
    return S_ISCHR(status.st_mode) && status.st_rdev == 0;
}

std::string whiteout_of(const std::string& path)
{
    const auto [directory, name] = split_last(path);
    return joined(directory, ".wh." + name);
}

} // namespace

TreeTar::TreeTar(int output, const TarRules& rules)
    : stream_(output)
    , rules_(rules)
{}

void TreeTar::add_contents(int directory, const std::string& path)
{
    if (rules_.layer && is_opaque(directory))
        add_whiteout(joined(path, ".wh..opq")); // whose whiteout is .wh..wh..opq
    for (const sys::DirectoryEntry& entry : sys::read_directory(directory))
        add_entry(directory, entry.name, joined(path, entry.name));
}

void TreeTar::add_entry(int directory, const std::string& name, const std::string& path)
{
    const auto status = sys::fstatat(directory, name);
    if (!status) throw Error(ErrorKind::kInput, sys::quoted(path) + " vanished while it was read");
    if (rules_.layer && is_whiteout(*status)) return add_whiteout(path);
    if (name.starts_with(".wh."))
        refuse(path, "cannot be part of an image: names with \".wh.\" mark removed files there");
    switch (status->st_mode & S_IFMT) {
    case S_IFDIR: {
        const UniqueFd opened = open_entry(directory, name, O_DIRECTORY);
        add_directory(opened.get(), path);
        return add_contents(opened.get(), path);
    }
    case S_IFREG:
        return add_file(open_entry(directory, name, 0).get(), path);
    case S_IFLNK:
    case S_IFIFO: {
        TarEntry entry = entry_of(*status, path);
        if (!add_as_hard_link(*status, entry)) add_link(directory, name, entry);
        return;
    }
    default: // a socket or a device: nothing that an image could use
        return;
    }
}

void TreeTar::add_directory(int directory, const std::string& path)
{
    TarEntry entry = entry_of(sys::fstat(directory), path);
    entry.attributes = attributes_of(directory);
    add(entry);
}

void TreeTar::add_file(int file, const std::string& path)
{
    const struct stat status = sys::fstat(file);
    TarEntry entry = entry_of(status, path);
    if (add_as_hard_link(status, entry)) return;
    entry.size = static_cast<std::uint64_t>(status.st_size);
    entry.attributes = attributes_of(file);
    add(entry);
    stats_.bytes += entry.size;
    if (stats_.bytes > kMaxBytes) refuse(path, "makes the tree larger than 200 GiB");
    stream_.copy_content(file, entry.size);
}

TreeStats TreeTar::finish()
{
    stream_.finish();
    return stats_;
}

TarEntry TreeTar::entry_of(const struct stat& status, std::string path) const
{
    TarEntry entry;
    entry.path = std::move(path);
    entry.mode = status.st_mode & 07777U;
    entry.user = status.st_uid;
    entry.group = status.st_gid;
    entry.modified = rules_.epoch < 0 ? status.st_mtim.tv_sec
                                      : std::min<std::int64_t>(status.st_mtim.tv_sec, rules_.epoch);
    if (S_ISDIR(status.st_mode)) entry.kind = TarEntry::Kind::kDirectory;
    if (S_ISLNK(status.st_mode)) entry.kind = TarEntry::Kind::kSymbolicLink;
    if (S_ISFIFO(status.st_mode)) entry.kind = TarEntry::Kind::kFifo;
    if (rules_.mode && !S_ISLNK(status.st_mode)) entry.mode = *rules_.mode;
    return entry;
}

/// Its time says when a build ran and nothing else: it is the epoch, whatever the mark's own is.
void TreeTar::add_whiteout(const std::string& path)
{
    TarEntry entry;
    entry.path = whiteout_of(path);
    entry.modified = std::max<std::int64_t>(rules_.epoch, 0);
    add(entry);
}

void TreeTar::add_link(int directory, const std::string& name, const TarEntry& entry)
{
    TarEntry linked = entry;
    if (entry.kind == TarEntry::Kind::kSymbolicLink) {
        linked.link = sys::readlinkat(directory, name);
        linked.mode = 0777;
    }
    add(linked);
}

void TreeTar::add(const TarEntry& entry)
{
    // what is refused when a layer is unpacked must not get into one
    if (entry.path.size() > kMaxPath) refuse(entry.path, "is longer than 4095 bytes");
    if (static_cast<std::size_t>(std::count(entry.path.begin(), entry.path.end(), '/')) >=
        kMaxDepth)
        refuse(entry.path, "is more than 256 directories deep");
    if (++stats_.entries > kMaxEntries) refuse(entry.path, "is one entry too many (2000000)");
    stream_.add(entry);
}

bool TreeTar::add_as_hard_link(const struct stat& status, TarEntry& entry)
{
    if (status.st_nlink < 2) return false;
    const auto [first, is_new] = names_.try_emplace({status.st_dev, status.st_ino}, entry.path);
    if (is_new) return false;
    entry.kind = TarEntry::Kind::kHardLink;
    entry.link = first->second;
    add(entry);
    return true;
}

} // namespace caisson::sandbox
