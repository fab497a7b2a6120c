#include "sandbox/chamber/confined_path.hh"

#include "sandbox/base/error.hh"
#include "sandbox/chamber/tree_limits.hh"
#include "sandbox/sys/path.hh"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <vector>

namespace caisson::sandbox {
namespace {

constexpr std::uint64_t kInRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
constexpr std::uint64_t kNoLinks = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
constexpr int kMostLinks = 40; // path_resolution(7)

std::vector<std::string> components_of(std::string_view path)
{
    std::vector<std::string> parts;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        const std::string_view part = path.substr(0, end);
        if (!part.empty() && part != ".") parts.emplace_back(part);
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return parts;
}

[[noreturn]] void refuse(std::string_view name, const std::string& why)
{
    throw Error(ErrorKind::kInput, "name " + sys::quoted(name) + " " + why);
}

/// The target of the link at `path`, whose directory holds no links; nothing where it is no link.
std::optional<std::string> link_at(int root, const std::string& path)
{
    const auto entry = sys::openat2_if_present(root, path, O_PATH | O_NOFOLLOW, kNoLinks);
    if (!entry || !S_ISLNK(sys::fstat(entry->get()).st_mode)) return std::nullopt;
    return sys::readlinkat(entry->get(), "");
}

UniqueFd
make_directory(int parent, const std::string& name, const std::function<void(int)>& on_made)
{
    const auto open = [&] {
        return sys::openat2_if_present(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, kNoLinks);
    };
    if (auto present = open()) return std::move(*present);
    if (!sys::mkdirat(parent, name, 0755))
        throw Error(ErrorKind::kInput, sys::quoted(name) + " is not a directory");
    auto made = open();
    if (!made) throw SysError(ENOENT, "openat2 " + sys::quoted(name));
    if (on_made) on_made(made->get());
    return std::move(*made);
}

} // namespace

std::string normalised(std::string_view name)
{
    if (name.size() > kMaxPath) refuse(name, "is longer than 4095 bytes");
    const std::vector<std::string> parts = components_of(name);
    if (parts.size() > kMaxDepth) refuse(name, "is more than 256 directories deep");
    std::string path;
    for (const std::string& part : parts) {
        if (part == "..") refuse(name, "leads out of its directory by \"..\"");
        if (part.size() > kMaxName) refuse(name, "has a part longer than 255 bytes");
        path += path.empty() ? part : "/" + part;
    }
    return path;
}

std::pair<std::string, std::string> split_last(const std::string& path)
{
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return {"", path};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

std::string joined(const std::string& directory, const std::string& name)
{
    if (directory.empty()) return name;
    return name.empty() ? directory : directory + "/" + name;
}

std::string resolved(int root, const std::string& path)
{
    std::vector<std::string> left = components_of(path);
    std::reverse(left.begin(), left.end()); // the next one is the last
    std::string done;
    int links = 0;
    while (!left.empty()) {
        const std::string part = std::move(left.back());
        left.pop_back();
        if (part == "..") {
            done = split_last(done).first;
            continue;
        }
        const std::string here = joined(done, part);
        if (here.size() > kMaxPath) refuse(path, "is longer than 4095 bytes");
        const auto target = link_at(root, here);
        if (!target) {
            done = here;
            continue;
        }
        if (++links > kMostLinks) throw SysError(ELOOP, "resolve " + sys::quoted(path));
        if (target->starts_with('/')) done.clear();
        std::vector<std::string> inserted = components_of(*target);
        left.insert(left.end(), inserted.rbegin(), inserted.rend());
    }
    return done;
}

std::optional<UniqueFd> open_directory(int root, const std::string& path)
{
    return sys::openat2_if_present(
        root, path.empty() ? "." : path, O_RDONLY | O_DIRECTORY, kInRoot);
}

UniqueFd make_directories(int root,
                          const std::string& path,
                          const std::function<void(int directory)>& on_made)
{
    if (auto present = open_directory(root, path)) return std::move(*present);
    UniqueFd here = sys::openat2(root, ".", O_RDONLY | O_DIRECTORY, kNoLinks);
    for (const std::string& part : components_of(resolved(root, path)))
        here = in_context("make directory " + sys::quoted(path),
                          [&] { return make_directory(here.get(), part, on_made); });
    return here;
}

} // namespace caisson::sandbox
