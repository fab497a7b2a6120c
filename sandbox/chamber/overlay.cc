// Trees of the store and their merged views. Names of trees are the runner's, but are checked here
// again: they become paths.
#include "sandbox/chamber/overlay.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/sys/mount.hh"
#include "sandbox/sys/path.hh"

#include <algorithm>
#include <cerrno>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

constexpr std::size_t kMostLowers = 500; // OVL_MAX_STACK of fs/overlayfs
constexpr std::uint64_t kPlain = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
constexpr unsigned kFlags = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

/// An id is one plain name: no path, no option separator of mount(2).
const std::string& checked(const std::string& id)
{
    const bool plain = std::all_of(id.begin(), id.end(), [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '.' || letter == '-' || letter == '_';
    });
    if (!plain || id.empty() || id.front() == '.' || id.size() > 200)
        throw Error(ErrorKind::kInternal, sys::quoted(id) + " is no name of a tree");
    return id;
}

std::string files_of(const std::string& id)
{
    return checked(id) + "/fs";
}

void bind_tree(int trees, const std::string& id, bool read_only, const char* target)
{
    const UniqueFd tree =
        sys::open_tree(trees, files_of(id).c_str(), OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
    const unsigned flags = kFlags | (read_only ? MOUNT_ATTR_RDONLY : 0U);
    sys::mount_setattr(tree.get(), "", AT_EMPTY_PATH, flags);
    sys::move_mount(tree.get(), "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
}

/// Where the kernel says that a descriptor leads.
std::string path_of(int fd)
{
    return sys::readlinkat(AT_FDCWD, "/proc/self/fd/" + std::to_string(fd));
}

/// A volatile mount leaves `work/work/incompat`, by which the kernel refuses a second mount of the
/// same upper directory: after a crash it could be half written. Ours never outlives its build.
void renew_work(int trees, const std::string& upper)
{
    const UniqueFd tree = sys::openat2(trees, checked(upper), O_RDONLY | O_DIRECTORY, kPlain);
    if (!sys::openat2_if_present(tree.get(), "work/work/incompat", O_PATH, kPlain)) return;
    remove_tree(tree.get(), "work");
    sys::mkdirat(tree.get(), "work", 0700);
}

/// Options of every overlay. volatile: nothing is synced when it is unmounted - the kernel would
/// sync the whole disk below (fs/overlayfs/super.c, ovl_sync_fs), and a crash loses the build
/// anyway.
void configure(int context, const std::string& upper)
{
    sys::fsconfig_flag(context, "userxattr");
    sys::fsconfig_string(context, "redirect_dir", "nofollow");
    sys::fsconfig_string(context, "metacopy", "off");
    sys::fsconfig_string(context, "index", "off");
    if (upper.empty()) return;
    sys::fsconfig_string(context, "upperdir", files_of(upper));
    sys::fsconfig_string(context, "workdir", checked(upper) + "/work");
    sys::fsconfig_flag(context, "volatile");
}

/// Linux 6.7 and later: a layer at a time, so that no option grows with their number. False where
/// the kernel does not know `lowerdir+`: 6.5 refuses the key, older ones take any key and refuse
/// the whole.
bool mount_by_layers(const std::vector<std::string>& layers,
                     const std::string& upper,
                     const char* target)
{
    const UniqueFd context = sys::fsopen("overlay");
    if (!sys::try_fsconfig_string(context.get(), "lowerdir+", layers.front())) return false;
    for (std::size_t index = 1; index < layers.size(); ++index)
        sys::fsconfig_string(context.get(), "lowerdir+", layers[index]);
    configure(context.get(), upper);
    if (!sys::try_fsconfig_create(context.get())) return false;
    const unsigned flags = kFlags | (upper.empty() ? MOUNT_ATTR_RDONLY : 0U);
    const UniqueFd merged = sys::fsmount(context.get(), flags);
    sys::move_mount(merged.get(), "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
    return true;
}

/// Before: all layers in one option, which mount(2) cuts at a page; hence the relative names.
void mount_by_option(const std::vector<std::string>& layers,
                     const std::string& upper,
                     const char* target)
{
    std::string options = "userxattr,redirect_dir=nofollow,metacopy=off,index=off";
    if (!upper.empty())
        options += ",volatile,upperdir=" + files_of(upper) + ",workdir=" + upper + "/work";
    for (std::size_t index = 0; index < layers.size(); ++index)
        options += (index == 0 ? ",lowerdir=" : ":") + layers[index];
    if (options.size() >= static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)))
        throw Error(ErrorKind::kHost,
                    std::to_string(layers.size()) +
                        " layers are more than this kernel takes in one mount",
                    "Linux 6.7 or later takes 500; or use a base with fewer layers");
    sys::mount("overlay",
               target,
               "overlay",
               upper.empty() ? MS_NOSUID | MS_NODEV | MS_RDONLY : MS_NOSUID | MS_NODEV,
               options.c_str());
}

} // namespace

void make_tree(int trees, const std::string& id)
{
    if (!sys::mkdirat(trees, checked(id), 0700))
        throw Error(ErrorKind::kInternal, "tree " + sys::quoted(id) + " exists already");
    const UniqueFd tree = sys::openat2(trees, id, O_RDONLY | O_DIRECTORY, kPlain);
    sys::mkdirat(tree.get(), "work", 0700);
    sys::mkdirat(tree.get(), "fs", 0755);
    // the umask of whoever started us has no say in what a layer holds
    sys::fchmodat(tree.get(), "fs", 0755);
}

void remove_work(int trees, const std::string& id)
{
    const UniqueFd tree = sys::openat2(trees, checked(id), O_RDONLY | O_DIRECTORY, kPlain);
    if (sys::fstatat(tree.get(), "work")) remove_tree(tree.get(), "work");
}

bool is_empty_tree(int trees, const std::string& id)
{
    const UniqueFd files =
        sys::openat2(trees, files_of(checked(id)), O_RDONLY | O_DIRECTORY, kPlain);
    return sys::read_directory(files.get()).empty();
}

bool lies_on_overlay(int directory)
{
    struct statfs status = {};
    if (::fstatfs(directory, &status) != 0) throw SysError(errno, "fstatfs");
    return status.f_type == OVERLAYFS_SUPER_MAGIC;
}

void check_trees(int trees)
{
    if (lies_on_overlay(trees))
        throw Error(ErrorKind::kHost,
                    "the store lies on overlayfs, which cannot hold what a step writes",
                    "set CAISSON_STORE to a directory on ext4, xfs, btrfs or tmpfs, such as a "
                    "mounted volume");
}

UniqueFd open_here(int fd, int flags)
{
    const std::string path = path_of(fd);
    UniqueFd here = sys::openat2(AT_FDCWD, path, flags, RESOLVE_NO_SYMLINKS);
    const struct stat expected = sys::fstat(fd);
    const struct stat found = sys::fstat(here.get());
    if (found.st_dev != expected.st_dev || found.st_ino != expected.st_ino)
        throw Error(ErrorKind::kInput, "something else lies at " + sys::quoted(path) + " by now");
    return here;
}

TreesHere trees_here(int trees)
{
    return {.path = path_of(trees), .directory = open_here(trees, O_RDONLY | O_DIRECTORY)};
}

void mount_tree(int trees,
                const std::vector<std::string>& lowers,
                const std::string& upper,
                const char* target,
                const std::string& bottom)
{
    const UniqueFd here = trees_here(trees).directory;
    if (bottom.empty() && lowers.size() + (upper.empty() ? 0 : 1) == 1)
        return bind_tree(here.get(), upper.empty() ? lowers.front() : upper, upper.empty(), target);
    std::vector<std::string> layers;
    for (const std::string& lower : lowers)
        layers.push_back(files_of(lower));
    if (!bottom.empty()) layers.push_back(bottom);
    if (layers.empty())
        return sys::mount("empty",
                          target,
                          "tmpfs",
                          MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
                          "mode=0755,size=4096");
    if (layers.size() > kMostLowers)
        throw Error(ErrorKind::kInput,
                    std::to_string(layers.size()) + " layers are more than overlayfs takes (" +
                        std::to_string(kMostLowers) + ")");
    if (!upper.empty()) {
        check_trees(here.get());
        renew_work(here.get(), upper);
    }
    // overlayfs finds the directories by names relative to the working directory
    if (::fchdir(here.get()) != 0) throw SysError(errno, "fchdir to the trees");
    if (!mount_by_layers(layers, upper, target)) mount_by_option(layers, upper, target);
}

} // namespace caisson::sandbox
