// The step's tree becomes its root.
#include "sandbox/base/error.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/chamber/layout.hh"
#include "sandbox/chamber/overlay.hh"
#include "sandbox/sys/mount.hh"
#include "sandbox/sys/path.hh"
#include "sandbox/sys/process.hh"

namespace caisson::sandbox {

void detach_mounts(CellSetup&)
{
    sys::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
}

void mount_root(CellSetup& setup)
{
    // opened here, not inherited: overlayfs takes only layers of the caller's own mount namespace
    const UniqueFd trees =
        sys::openat2(AT_FDCWD, kTreesPath, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    mount_tree(trees.get(), setup.plan.lowers, setup.plan.upper, kCellPath);
    setup.root = sys::openat2(AT_FDCWD, kCellPath, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
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
