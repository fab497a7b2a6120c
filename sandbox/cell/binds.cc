// What `caisson run` shows of the host. The chamber holds each path as a mount of its own, with its
// attributes locked for this namespace (mount_namespaces(7)); here it is cloned and attached, from
// descriptor to descriptor: a link as destination, which an image may hold, never leads elsewhere
// (CVE-2024-1753, CVE-2024-23651).
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/chamber/layout.hh"
#include "sandbox/sys/mount.hh"
#include "sandbox/sys/path.hh"

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace caisson::sandbox {
namespace {

constexpr std::string_view kRoot = "/";
constexpr std::uint64_t kNoLinks = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
/// The cell's own; what is bound there could pretend to be its walls.
constexpr std::string_view kOwn[] = {"dev", "proc"};

std::vector<std::string> components_of(std::string_view path)
{
    std::vector<std::string> parts;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        if (end > 0) parts.emplace_back(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return parts;
}

std::string source_of(const Bind& bind)
{
    return std::string(kHostPath) + "/" + std::to_string(bind.host_path);
}

/// The entry `name` of `directory`, made where the step's tree does not have it. What was bound
/// before belongs to the host: nothing is made there.
UniqueFd enter_or_make(int directory, const std::string& name, bool as_directory)
{
    constexpr std::uint64_t kHere = kNoLinks | RESOLVE_BENEATH | RESOLVE_NO_XDEV;
    if (auto found = sys::openat2_if_present(directory, name, O_PATH, kHere))
        return std::move(*found);
    if (as_directory)
        sys::mkdirat(directory, name, 0755);
    else
        (void)sys::create_file(directory, name, 0644);
    return sys::openat2(directory, name, O_PATH, kHere);
}

UniqueFd find_destination(int root, const Bind& bind, bool directory)
{
    const std::vector<std::string> parts = components_of(bind.destination);
    if (parts.empty() || !bind.destination.starts_with('/') ||
        std::find(parts.begin(), parts.end(), "..") != parts.end())
        throw Error(ErrorKind::kInternal, "the plan was not checked");
    if (std::find(std::begin(kOwn), std::end(kOwn), parts.front()) != std::end(kOwn))
        throw Error(ErrorKind::kUsage,
                    "nothing can be bound below /" + parts.front() + ", which is the cell's own");
    if (auto there =
            sys::openat2_if_present(root, bind.destination, O_PATH, kNoLinks | RESOLVE_IN_ROOT))
        return std::move(*there);
    UniqueFd at = sys::openat2(root, ".", O_PATH | O_DIRECTORY, RESOLVE_BENEATH);
    for (std::size_t index = 0; index < parts.size(); ++index)
        at = enter_or_make(at.get(), parts[index], directory || index + 1 < parts.size());
    return at;
}

/// Says of a refused call what it means here.
[[noreturn]] void explain(const SysError& refused)
{
    switch (refused.number()) {
    case ELOOP:
        throw Error(ErrorKind::kInput, "a link lies on the way", "name where it leads");
    case EXDEV:
        throw Error(ErrorKind::kInput, "it is not there, and lies in what is bound already");
    case EACCES:
    case EOVERFLOW:
        throw Error(ErrorKind::kInput,
                    "it is not there, and cannot be made in a directory that belongs to nobody",
                    "bind to a directory that is there, or below /");
    default:
        throw SysError(refused);
    }
}

UniqueFd find_destination_or_explain(int root, const Bind& bind, bool directory)
try {
    return find_destination(root, bind, directory);
} catch (const SysError& refused) {
    explain(refused);
}

void attach(int root, const Bind& bind)
{
    const UniqueFd mount = sys::open_tree(
        AT_FDCWD, source_of(bind).c_str(), OPEN_TREE_CLONE | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);
    const bool directory = S_ISDIR(sys::fstat(mount.get()).st_mode);
    const UniqueFd target = find_destination_or_explain(root, bind, directory);
    const mode_t kind = sys::fstat(target.get()).st_mode;
    if (S_ISDIR(kind) != directory || (!S_ISDIR(kind) && !S_ISREG(kind)))
        throw Error(ErrorKind::kInput,
                    directory ? "it is no directory, and the source is one"
                              : "it is no file, and the source is one");
    sys::move_mount(
        mount.get(), "", target.get(), "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

} // namespace

std::string lowest_layer(const Plan& plan)
{
    const auto root = std::find_if(plan.binds.begin(), plan.binds.end(), [](const Bind& bind) {
        return bind.destination == kRoot;
    });
    return root == plan.binds.end() ? std::string() : source_of(*root);
}

void mount_binds(CellSetup& setup)
{
    for (const Bind& bind : setup.plan.binds)
        if (bind.destination != kRoot)
            in_context("\"" + bind.destination + "\"", [&] { attach(setup.root.get(), bind); });
}

} // namespace caisson::sandbox
