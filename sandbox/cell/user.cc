// Finds the step's user in files that the image wrote. They are hostile: every line may be cut
// short, huge, or no line at all.
#include "sandbox/cell/user.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sys/stat.h>

namespace caisson::sandbox {
namespace {

constexpr std::size_t kLargestDatabase = 1U << 20;
constexpr std::uint32_t kLargestId = 65535; // the cell's map ends there
constexpr std::size_t kMostGroups = 65536;  // NGROUPS_MAX

std::optional<std::uint32_t> number(std::string_view text)
{
    std::uint32_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// Cuts off the part before `separator`.
std::string_view take(std::string_view& rest, char separator)
{
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

/// passwd(5) and group(5) alike: name, password, number, and one more field: the group of a user,
/// the members of a group.
struct Entry {
    std::string_view name;
    std::uint32_t id = 0;
    std::string_view next;
    std::string_view rest; ///< what follows: of a user, its comment, home and shell
};

/// Calls `visit` with each well-formed entry until it returns true.
template<class Visit>
void find_entry(std::string_view database, Visit&& visit)
{
    while (!database.empty()) {
        std::string_view line = take(database, '\n');
        Entry entry;
        entry.name = take(line, ':');
        take(line, ':');
        const auto id = number(take(line, ':'));
        entry.next = take(line, ':');
        entry.rest = line;
        if (entry.name.empty() || !id) continue;
        entry.id = *id;
        if (visit(entry)) return;
    }
}

bool lists(std::string_view members, std::string_view name)
{
    while (!members.empty())
        if (take(members, ',') == name) return true;
    return false;
}

std::uint32_t checked(std::uint32_t id, std::string_view spec)
{
    if (id > kLargestId)
        throw Error(ErrorKind::kInput,
                    "\"" + std::string(spec) + "\" is outside the ids of a cell",
                    "ids go up to 65535");
    return id;
}

/// Sets the user's ids; returns the name under which `passwd` lists it, or nothing.
std::string_view set_user(User& user, std::string_view spec, std::string_view passwd)
{
    const std::string_view wanted = spec.empty() ? std::string_view("0") : spec;
    const auto id = number(wanted);
    std::string_view name;
    find_entry(passwd, [&](const Entry& entry) {
        const auto gid = number(entry.next);
        if (!gid || (id ? entry.id != *id : entry.name != wanted)) return false;
        name = entry.name;
        user.uid = entry.id;
        user.gid = *gid;
        std::string_view rest = entry.rest;
        take(rest, ':');
        user.home = take(rest, ':');
        return true;
    });
    if (name.empty() && !id)
        throw Error(ErrorKind::kInput,
                    "user \"" + std::string(wanted) + "\" is not in the image's /etc/passwd",
                    "add it in an earlier step, or give its number");
    if (name.empty()) user.uid = *id;
    return name;
}

void set_group(User& user, std::string_view spec, std::string_view groups)
{
    const auto id = number(spec);
    bool listed = false;
    find_entry(groups, [&](const Entry& entry) {
        if (id ? entry.id != *id : entry.name != spec) return false;
        user.gid = entry.id;
        listed = true;
        return true;
    });
    if (!listed && !id)
        throw Error(ErrorKind::kInput,
                    "group \"" + std::string(spec) + "\" is not in the image's /etc/group",
                    "add it in an earlier step, or give its number");
    if (!listed) user.gid = *id;
}

std::string read_database(const char* path)
{
    struct stat entry = {};
    // an image without one has numbers only
    if (::stat(path, &entry) != 0) return {};
    const auto size = static_cast<std::size_t>(entry.st_size);
    return read_file(path, std::min(size, kLargestDatabase));
}

} // namespace

User look_up_user(std::string_view spec, std::string_view passwd, std::string_view groups)
{
    User user;
    std::string_view rest = spec;
    const std::string_view name = set_user(user, take(rest, ':'), passwd);
    if (!rest.empty())
        set_group(user, rest, groups);
    else if (!name.empty())
        find_entry(groups, [&](const Entry& entry) {
            if (lists(entry.next, name) && entry.id <= kLargestId) user.groups.push_back(entry.id);
            return user.groups.size() == kMostGroups;
        });
    checked(user.uid, spec);
    checked(user.gid, spec);
    if (!user.home.starts_with('/')) user.home = user.uid == 0 ? "/root" : "/";
    return user;
}

void find_user(CellSetup& setup)
{
    setup.user =
        look_up_user(setup.plan.user, read_database("/etc/passwd"), read_database("/etc/group"));
}

} // namespace caisson::sandbox
