#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/launch.hh"

#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <pwd.h>
#include <sstream>
#include <string_view>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

constexpr std::uint32_t kWanted = 65536;
constexpr std::size_t kLargestFile = 1U << 22;
constexpr const char* kUserForRoot = "caisson";

std::optional<std::uint32_t> number(std::string_view text)
{
    std::uint32_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// subuid(5): `name or number:first:count`.
std::optional<IdRange> parse(std::string_view line, std::string_view name, std::string_view uid)
{
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
    const std::string_view owner = line.substr(0, first);
    if (owner != name && owner != uid) return std::nullopt;
    const auto start = number(line.substr(first + 1, second - first - 1));
    const auto count = number(line.substr(second + 1));
    if (!start || !count || *start == 0 || *count < kWanted) return std::nullopt;
    return IdRange{*start, kWanted};
}

IdRange find_range(const char* path, const std::string& name, const std::string& uid)
{
    std::string text;
    if (std::filesystem::exists(path)) text = read_file(path, kLargestFile);
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        if (const auto range = parse(rest.substr(0, end), name, uid)) return *range;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    throw Error(ErrorKind::kHost,
                "user \"" + name + "\" has no 65536 subordinate ids in " + path,
                "as root: usermod --add-subuids 200000-265535 --add-subgids 200000-265535 " + name +
                    ", with a range that no other line of /etc/subuid has");
}

/// Root of a user namespace, as in a rootless container, has no other ids than those mapped in it.
/// One line must hold the whole range, since the chamber's map is one line
/// (kernel/user_namespace.c, map_write).
void require_mapped(const IdRange& range, const char* path)
{
    std::istringstream map(read_file(path, kLargestFile));
    for (std::uint64_t first = 0, outside = 0, count = 0; map >> first >> outside >> count;)
        if (range.first >= first && range.first + std::uint64_t{range.count} <= first + count)
            return;
    throw Error(ErrorKind::kHost,
                "the subordinate ids from " + std::to_string(range.first) + " on are not in " +
                    path,
                "this is a user namespace with too few ids: give it (the container) more, or the "
                "user \"" +
                    std::string(kUserForRoot) + "\" 65536 of those it has");
}

std::string name_of(uid_t uid)
{
    std::array<char, 16384> space = {};
    passwd entry = {};
    passwd* found = nullptr;
    ::getpwuid_r(uid, &entry, space.data(), space.size(), &found);
    return found == nullptr ? std::to_string(uid) : found->pw_name;
}

} // namespace

SubordinateIds SubordinateIds::of_invoker()
{
    // host root's own ids are never mapped: root builds under the range of a user made for it
    const uid_t uid = ::geteuid();
    const std::string name = uid == 0 ? kUserForRoot : name_of(uid);
    const std::string number = uid == 0 ? kUserForRoot : std::to_string(uid);
    const SubordinateIds ids = {.users = find_range("/etc/subuid", name, number),
                                .groups = find_range("/etc/subgid", name, number)};
    if (uid == 0) {
        require_mapped(ids.users, "/proc/self/uid_map");
        require_mapped(ids.groups, "/proc/self/gid_map");
    }
    return ids;
}

} // namespace caisson::sandbox
