// The plan's own files: on a tmpfs, bound over their targets, so that no layer ever holds one.
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/chamber/layout.hh"
#include "sandbox/sys/file_system.hh"
#include "sandbox/sys/mount.hh"
#include "sandbox/sys/path.hh"

#include <string_view>

namespace caisson::sandbox {
namespace {

constexpr std::string_view kDevices = "/dev/";

/// An empty file below the cell's /dev, with the directories that lead to it: all on our tmpfs, so
/// nothing of the image lies on the way.
UniqueFd make_target(int root, std::string_view path)
{
    constexpr std::uint64_t kResolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    UniqueFd directory = sys::openat2(root, "dev", O_PATH | O_DIRECTORY, kResolve);
    path.remove_prefix(kDevices.size());
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/')) {
        const std::string name(path.substr(0, slash));
        sys::mkdirat(directory.get(), name, 0755);
        directory = sys::openat2(directory.get(), name, O_PATH | O_DIRECTORY, kResolve);
        path.remove_prefix(slash + 1);
    }
    const std::string name(path);
    (void)sys::create_file(directory.get(), name, 0644);
    return sys::openat2(directory.get(), name, O_PATH, kResolve);
}

/// What a step finds at `path`, or nothing: a file that the image does not have is not made, or it
/// would appear in the layer. A link is followed inside the root.
std::optional<UniqueFd> find_target(int root, const std::string& path)
{
    if (path.starts_with(kDevices)) return make_target(root, path);
    auto target =
        sys::openat2_if_present(root, path, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    if (target && !S_ISREG(sys::fstat(target->get()).st_mode))
        throw Error(ErrorKind::kInput, "\"" + path + "\" of the image is no file");
    return target;
}

void place(int scratch, const std::string& name, const PlanFile& file, int target)
{
    const auto copy = sys::create_file(scratch, name, 0600);
    if (!copy) throw Error(ErrorKind::kInternal, "the scratch mount is not empty");
    write_all(copy->get(), file.content);
    sys::fchmod(copy->get(), file.mode);
    const UniqueFd mount = sys::open_tree(scratch, name.c_str(), OPEN_TREE_CLONE);
    sys::move_mount(mount.get(), "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

} // namespace

void place_files(CellSetup& setup)
{
    if (setup.plan.files.empty()) return;
    // attached, because before Linux 6.15 only an attached mount can be cloned; executable, because
    // one of them may be the step's script
    const UniqueFd scratch = sys::make_file_system(
        "tmpfs", {{"size", "16m"}, {"mode", "0755"}}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    sys::move_mount(scratch.get(), "", AT_FDCWD, kScratchPath, MOVE_MOUNT_F_EMPTY_PATH);
    for (std::size_t index = 0; index < setup.plan.files.size(); ++index) {
        const PlanFile& file = setup.plan.files[index];
        in_context("\"" + file.path + "\"", [&] {
            if (const auto target = find_target(setup.root.get(), file.path))
                place(scratch.get(), std::to_string(index), file, target->get());
        });
    }
}

} // namespace caisson::sandbox
