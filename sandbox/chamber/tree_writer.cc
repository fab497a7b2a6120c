#include "sandbox/chamber/tree_writer.hh"

#include "sandbox/base/error.hh"
#include "sandbox/chamber/confined_path.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/sys/path.hh"

#include <cerrno>
#include <sys/stat.h>

namespace caisson::sandbox {
namespace {

constexpr std::uint64_t kLastComponent = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;

[[noreturn]] void refuse(const std::string& why)
{
    throw Error(ErrorKind::kInput, why);
}

} // namespace

TreeWriter::TreeWriter(int root, std::string base, const WriteRules& rules)
    : root_(root)
    , base_(std::move(base))
    , rules_(rules)
{}

void TreeWriter::put(const ArchiveEntry& entry, ArchiveReader& content)
{
    if (entry.kind == ArchiveEntry::Kind::kDirectory) return put_directory(entry, true);
    const Place place = place_of(entry.path);
    switch (entry.kind) {
    case ArchiveEntry::Kind::kFile:
        return put_file(place, entry, content);
    case ArchiveEntry::Kind::kHardLink:
        return put_hard_link(place, entry);
    case ArchiveEntry::Kind::kSymbolicLink:
        return put_symbolic_link(place, entry);
    default:
        return put_fifo(place, entry);
    }
}

void TreeWriter::put_directory(const ArchiveEntry& entry, bool overwrite)
{
    if (entry.path.empty()) {
        if (overwrite) set_metadata(make_base().get(), entry);
    } else {
        const Place place = place_of(entry.path);
        bool made = sys::mkdirat(place.directory, place.name, 0700);
        if (!made) {
            const auto status = sys::fstatat(place.directory, place.name);
            if (status && !S_ISDIR(status->st_mode)) {
                remove_in_the_way(place, entry);
                made = sys::mkdirat(place.directory, place.name, 0700);
            }
        }
        const UniqueFd directory = sys::openat2(
            place.directory, place.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, kLastComponent);
        if (made || overwrite) set_metadata(directory.get(), entry);
    }
    directories_.push_back({below_base(entry.path), entry.mode & rules_.mode_mask, entry.modified});
}

void TreeWriter::remove(const std::string& path)
{
    const auto [directory, name] = split_last(below_base(path));
    const auto parent = open_directory(root_, directory);
    if (!parent) return;
    parent_path_.reset();
    remove_tree(parent->get(), name);
}

UniqueFd TreeWriter::make_base()
{
    return make_directories(root_, base_, [&](int directory) { own_new_directory(directory); });
}

void TreeWriter::finish()
{
    for (auto one = directories_.rbegin(); one != directories_.rend(); ++one) {
        const auto directory = open_directory(root_, one->path);
        if (!directory) continue; // a later entry took its place
        if (!rules_.keep_owners) sys::fchmod(directory->get(), one->mode);
        sys::futimens(directory->get(), one->modified);
    }
    directories_.clear();
}

TreeWriter::Place TreeWriter::place_of(const std::string& path)
{
    auto [directory, name] = split_last(below_base(path));
    if (parent_path_ != directory) {
        parent_path_.reset();
        parent_ = make_directories(root_, directory, [&](int made) { own_new_directory(made); });
        parent_path_ = directory;
    }
    return {parent_.get(), std::move(name)};
}

void TreeWriter::remove_in_the_way(const Place& place, const ArchiveEntry& entry)
{
    const auto status = sys::fstatat(place.directory, place.name);
    if (!status) return;
    const bool was_directory = S_ISDIR(status->st_mode);
    const bool is_directory = entry.kind == ArchiveEntry::Kind::kDirectory;
    if (!rules_.replace_anything && was_directory)
        refuse("cannot replace the directory " + sys::quoted(below_base(entry.path)) +
               " by something else");
    if (!rules_.replace_anything && is_directory)
        refuse("cannot copy a directory to " + sys::quoted(below_base(entry.path)) +
               ", which is none");
    // the way to the directory of the last entry may have gone through here
    parent_path_.reset();
    if (!was_directory) return sys::unlinkat(place.directory, place.name, 0);
    remove_tree(place.directory, place.name);
}

void TreeWriter::put_file(const Place& place, const ArchiveEntry& entry, ArchiveReader& content)
{
    const mode_t mode = entry.mode & rules_.mode_mask & 0777U;
    auto file = sys::create_file(place.directory, place.name, mode);
    if (!file) {
        remove_in_the_way(place, entry);
        file = sys::create_file(place.directory, place.name, mode);
    }
    if (!file) throw SysError(EEXIST, "openat " + sys::quoted(entry.path));
    std::uint64_t end = 0;
    while (const auto piece = content.read()) {
        sys::pwrite(file->get(), piece->bytes, piece->offset);
        end = piece->offset + piece->bytes.size();
    }
    if (end > entry.size)
        refuse(sys::quoted(entry.path) + " has more content than its header says");
    if (end < entry.size) sys::ftruncate(file->get(), entry.size); // ends in a hole
    set_metadata(file->get(), entry);
    sys::futimens(file->get(), entry.modified);
}

void TreeWriter::put_hard_link(const Place& place, const ArchiveEntry& entry)
{
    const auto [directory, name] = split_last(below_base(entry.link));
    const auto parent = open_directory(root_, directory);
    const auto target = parent ? sys::fstatat(parent->get(), name) : std::nullopt;
    if (!target)
        refuse("hard link " + sys::quoted(entry.path) + " to " + sys::quoted(entry.link) +
               ", which is not there");
    if (!S_ISREG(target->st_mode) && !S_ISLNK(target->st_mode) && !S_ISFIFO(target->st_mode))
        refuse("hard link " + sys::quoted(entry.path) + " to " + sys::quoted(entry.link) +
               ", which is no file");
    if (sys::linkat(parent->get(), name, place.directory, place.name)) return;
    const auto taken = sys::fstatat(place.directory, place.name);
    // a link to itself, or made before: removing it first would lose the file
    if (taken && taken->st_dev == target->st_dev && taken->st_ino == target->st_ino) return;
    remove_in_the_way(place, entry);
    if (!sys::linkat(parent->get(), name, place.directory, place.name))
        throw SysError(EEXIST, "linkat " + sys::quoted(entry.path));
}

void TreeWriter::put_symbolic_link(const Place& place, const ArchiveEntry& entry)
{
    if (!sys::symlinkat(entry.link, place.directory, place.name)) {
        remove_in_the_way(place, entry);
        if (!sys::symlinkat(entry.link, place.directory, place.name))
            throw SysError(EEXIST, "symlinkat " + sys::quoted(entry.path));
    }
    if (rules_.keep_owners) {
        const Owner owner = owner_of(entry);
        sys::fchownat(place.directory, place.name, owner.user, owner.group);
    }
    sys::utimensat(place.directory, place.name, entry.modified);
}

void TreeWriter::put_fifo(const Place& place, const ArchiveEntry& entry)
{
    if (!sys::mknodat(place.directory, place.name, S_IFIFO | 0600, 0)) {
        remove_in_the_way(place, entry);
        if (!sys::mknodat(place.directory, place.name, S_IFIFO | 0600, 0))
            throw SysError(EEXIST, "mknodat " + sys::quoted(entry.path));
    }
    if (rules_.keep_owners) {
        const Owner owner = owner_of(entry);
        sys::fchownat(place.directory, place.name, owner.user, owner.group);
    }
    sys::fchmodat(place.directory, place.name, entry.mode & rules_.mode_mask);
    sys::utimensat(place.directory, place.name, entry.modified);
}

/// The owner first: a chown clears setuid bits and security.capability (chown(2), capabilities(7)).
/// Asking what is there is cheap, and each change that it spares is a journal entry of the disk's.
void TreeWriter::set_metadata(int fd, const ArchiveEntry& entry) const
{
    const struct stat now = sys::fstat(fd);
    const Owner owner = owner_of(entry);
    const bool other_owner =
        rules_.keep_owners && (now.st_uid != owner.user || now.st_gid != owner.group);
    if (other_owner) sys::fchown(fd, owner.user, owner.group);
    // a directory that its own owner may not write into gets its mode from finish()
    const bool late = !rules_.keep_owners && entry.kind == ArchiveEntry::Kind::kDirectory;
    const mode_t mode = entry.mode & rules_.mode_mask;
    if (!late && (other_owner || (now.st_mode & 07777U) != mode)) sys::fchmod(fd, mode);
    if (!rules_.keep_attributes) return;
    for (const auto& [name, value] : entry.attributes)
        sys::fsetxattr(fd, name, value);
}

void TreeWriter::own_new_directory(int directory) const
{
    // its group may come from a set-group-id parent
    if (!rules_.keep_owners) return;
    const Owner owner = rules_.owner.value_or(Owner{});
    sys::fchown(directory, owner.user, owner.group);
    sys::fchmod(directory, 0755);
}

Owner TreeWriter::owner_of(const ArchiveEntry& entry) const
{
    return rules_.owner.value_or(Owner{entry.user, entry.group});
}

std::string TreeWriter::below_base(const std::string& path) const
{
    return joined(base_, path);
}

} // namespace caisson::sandbox
