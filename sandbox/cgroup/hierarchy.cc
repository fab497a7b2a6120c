#include "sandbox/cgroup/hierarchy.hh"

#include "sandbox/base/file.hh"

#include <algorithm>
#include <optional>

namespace caisson::sandbox {
namespace {

constexpr std::size_t kLargestFile = 1U << 22;

std::vector<std::string_view> split(std::string_view text, char separator)
{
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(separator, at), text.size());
        parts.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

/// A space, tab, line break and backslash are written as `\040` and so on (proc(5), mountinfo).
std::string unescaped(std::string_view text)
{
    const auto is_octal = [](char letter) { return letter >= '0' && letter <= '7'; };
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\' && at + 3 < text.size() && is_octal(text[at + 1]) &&
            is_octal(text[at + 2]) && is_octal(text[at + 3])) {
            plain += static_cast<char>((text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 +
                                       (text[at + 3] - '0'));
            at += 3;
        } else {
            plain += text[at];
        }
    }
    return plain;
}

struct CgroupMount {
    int version = 1;
    std::string root;                      ///< the part of the tree that is mounted
    std::string point;                     ///< where
    std::vector<std::string_view> options; ///< of the file system: the controllers are among them
    bool read_only = false;
};

/// proc(5): id parent device root point options [optional…] - type source options
std::optional<CgroupMount> parse_mount(std::string_view line)
{
    constexpr std::size_t kRoot = 3;
    constexpr std::size_t kOptions = 5;
    const auto fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (dash - fields.begin() <= static_cast<std::ptrdiff_t>(kOptions) || fields.end() - dash < 4)
        return std::nullopt;
    const std::string_view type = dash[1];
    if (type != "cgroup" && type != "cgroup2") return std::nullopt;
    const auto options = split(fields[kOptions], ',');
    return CgroupMount{.version = type == "cgroup2" ? 2 : 1,
                       .root = unescaped(fields[kRoot]),
                       .point = unescaped(fields[kRoot + 1]),
                       .options = split(dash[3], ','),
                       .read_only =
                           std::find(options.begin(), options.end(), "ro") != options.end()};
}

bool mounts(const CgroupMount& mount, int version, const std::vector<std::string_view>& controllers)
{
    return mount.version == version &&
           std::all_of(controllers.begin(), controllers.end(), [&](std::string_view one) {
               return version == 2 || std::find(mount.options.begin(), mount.options.end(), one) !=
                                          mount.options.end();
           });
}

/// Where `group` of the tree lies in the file system, if this mount shows it.
std::optional<std::filesystem::path> directory_of(const CgroupMount& mount, std::string_view group)
{
    if (mount.root != "/") {
        if (!group.starts_with(mount.root)) return std::nullopt;
        group.remove_prefix(mount.root.size());
        if (!group.empty() && group.front() != '/') return std::nullopt;
    }
    if (group == "/") group = {};
    return std::filesystem::path(mount.point + std::string(group));
}

/// What one line of /proc/self/cgroup stands for.
std::optional<Hierarchy> find_one(std::string_view line, const std::vector<CgroupMount>& all)
{
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
    const std::string_view names = line.substr(first + 1, second - first - 1);
    const std::string_view group = line.substr(second + 1);
    // outside the root of our cgroup namespace (cgroup_namespaces(7)), or gone
    if (!group.starts_with('/') || group.starts_with("/..") || group.ends_with(" (deleted)"))
        return std::nullopt;
    const int version = names.empty() ? 2 : 1;
    const auto controllers = names.empty() ? std::vector<std::string_view>{} : split(names, ',');
    std::optional<Hierarchy> found;
    bool writable = false;
    for (const CgroupMount& mount : all) {
        if (!mounts(mount, version, controllers) || (writable && mount.read_only)) continue;
        const auto own = directory_of(mount, group);
        if (!own) continue;
        // a later mount may lie on top of an earlier one
        found = Hierarchy{.version = version,
                          .controllers = {controllers.begin(), controllers.end()},
                          .mount = mount.point,
                          .own = own->lexically_normal()};
        writable = !mount.read_only;
    }
    return found;
}

} // namespace

bool Hierarchy::has(std::string_view controller) const
{
    return std::find(controllers.begin(), controllers.end(), controller) != controllers.end();
}

std::vector<Hierarchy> find_hierarchies(std::string_view cgroup, std::string_view mountinfo)
{
    std::vector<CgroupMount> all;
    for (const std::string_view line : split(mountinfo, '\n'))
        if (auto mount = parse_mount(line)) all.push_back(*std::move(mount));
    std::vector<Hierarchy> hierarchies;
    for (const std::string_view line : split(cgroup, '\n'))
        if (auto one = find_one(line, all)) hierarchies.push_back(*std::move(one));
    return hierarchies;
}

std::vector<Hierarchy> find_hierarchies()
{
    return find_hierarchies(read_file("/proc/self/cgroup", kLargestFile),
                            read_file("/proc/self/mountinfo", kLargestFile));
}

} // namespace caisson::sandbox
