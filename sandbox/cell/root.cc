// The step's tree becomes its root.
#include "sandbox/base/error.hh"
#include "sandbox/cell/mount_point.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/chamber/layout.hh"
#include "sandbox/chamber/overlay.hh"
#include "sandbox/sys/mount.hh"
#include "sandbox/sys/path.hh"
#include "sandbox/sys/process.hh"

namespace caisson::sandbox {
namespace {

constexpr std::uint64_t kPlain = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
constexpr uid_t kNobody = 65534; // what the kernel shows of ids that are not mapped
constexpr mode_t kOthersMayLook = S_IROTH | S_IXOTH;

/// overlayfs copies nothing up whose owner has no id in here, directories included: below a
/// directory of a user whose ids are not the chamber's no file could be made. So the directories of
/// `below` that belong to nobody are made in the upper tree; those that cannot be read are hidden.
void open_up(int below, int upper, bool top)
{
    for (const sys::DirectoryEntry& entry : sys::read_directory(below)) {
        const auto status = sys::fstatat(below, entry.name);
        if (!status || !S_ISDIR(status->st_mode) || status->st_uid != kNobody) continue;
        sys::mkdirat(upper, entry.name, 0700);
        const UniqueFd made = sys::openat2(upper, entry.name, O_RDONLY | O_DIRECTORY, kPlain);
        sys::fchmod(made.get(), status->st_mode & 07777U);
        if ((status->st_mode & kOthersMayLook) != kOthersMayLook)
            sys::fsetxattr(made.get(), "user.overlay.opaque", "y");
        else if (top && entry.name == "var")
            open_up(sys::openat2(below, entry.name, O_RDONLY | O_DIRECTORY, kPlain).get(),
                    made.get(),
                    false);
    }
}

void open_up_lowest_layer(int trees, const std::string& upper, const std::string& lowest)
{
    const UniqueFd below =
        sys::openat2(AT_FDCWD, lowest, O_RDONLY | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    const UniqueFd files = sys::openat2(trees, upper + "/fs", O_RDONLY | O_DIRECTORY, kPlain);
    open_up(below.get(), files.get(), true);
}

} // namespace

void detach_mounts(CellSetup&)
{
    sys::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
}

void mount_root(CellSetup& setup)
{
    // opened here, not inherited: overlayfs takes only layers of the caller's own mount namespace
    const UniqueFd trees =
        sys::openat2(AT_FDCWD, kTreesPath, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    const std::string lowest = lowest_layer(setup.plan);
    if (!lowest.empty()) open_up_lowest_layer(trees.get(), setup.plan.upper, lowest);
    mount_tree(trees.get(), setup.plan.lowers, setup.plan.upper, kCellPath, lowest);
    setup.root = sys::openat2(AT_FDCWD, kCellPath, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
}

void move_in(CellSetup& setup)
{
    for (const auto& [waiting, name] :
         {std::pair{kWaitingDevicesPath, "dev"}, std::pair{kWaitingProcfsPath, "proc"}}) {
        const UniqueFd point = open_mount_point(setup.root.get(), name);
        sys::move_mount(AT_FDCWD, waiting, point.get(), "", MOVE_MOUNT_T_EMPTY_PATH);
    }
}

void enter_root(CellSetup& setup)
{
    sys::fchdir(setup.root.get());
    // the new root is stacked on the old one, which then comes off from below it (pivot_root(2))
    sys::pivot_root(".", ".");
    sys::umount2(".", MNT_DETACH);
    sys::chdir("/");
}

} // namespace caisson::sandbox
