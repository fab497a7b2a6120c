#include "sandbox/chamber/owner_lookup.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/chamber/tree_limits.hh"
#include "sandbox/sys/path.hh"

#include <charconv>
#include <string_view>
#include <sys/stat.h>

namespace caisson::sandbox {
namespace {

constexpr std::size_t kLongestList = 1U << 20;

std::optional<std::uint32_t> number_in(std::string_view text)
{
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// The text of a list in /etc, links followed inside the tree, opened without waiting.
std::string list_in(int root, const std::string& path)
{
    const auto file = sys::openat2_if_present(
        root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    if (!file) return {};
    if (!S_ISREG(sys::fstat(file->get()).st_mode))
        throw Error(ErrorKind::kInput, "/" + path + " of the image is not a regular file");
    return read_all(file->get(), kLongestList, "/" + path + " of the image");
}

/// The third field, an id, of the first line `name:…` (passwd(5), group(5)).
std::optional<std::uint32_t> id_of(std::string_view list, std::string_view name)
{
    while (!list.empty()) {
        const std::size_t end = std::min(list.find('\n'), list.size());
        std::string_view line = list.substr(0, end);
        list.remove_prefix(std::min(end + 1, list.size()));
        if (!line.starts_with(name) || line.substr(name.size(), 1) != ":") continue;
        line.remove_prefix(name.size() + 1);
        const std::size_t password = line.find(':');
        if (password == std::string_view::npos) continue;
        line.remove_prefix(password + 1);
        return number_in(line.substr(0, line.find(':')));
    }
    return std::nullopt;
}

std::uint32_t find_id(int root, std::string_view wanted, const std::string& path, const char* what)
{
    auto id = number_in(wanted);
    if (!id && !wanted.empty()) id = id_of(list_in(root, path), wanted);
    if (!id)
        throw Error(ErrorKind::kInput,
                    std::string("unknown ") + what + " " + sys::quoted(wanted) + ": the image's /" +
                        path + " has no such name");
    if (*id > kMaxOwner)
        throw Error(ErrorKind::kInput,
                    std::string(what) + " " + std::to_string(*id) +
                        " is not one of the ids of a build, 0 to 65535");
    return *id;
}

} // namespace

std::optional<Owner> find_owner(int root, const std::string& owner)
{
    if (owner.empty()) return std::nullopt;
    const std::size_t colon = owner.find(':');
    const std::string_view user = std::string_view(owner).substr(0, colon);
    Owner found;
    found.user = find_id(root, user, "etc/passwd", "user");
    found.group = colon == std::string::npos
                      ? found.user
                      : find_id(root, owner.substr(colon + 1), "etc/group", "group");
    return found;
}

} // namespace caisson::sandbox
