#include "policies/floor.hh"

#include "policies/embedded.hh"
#include "policies/json_cursor.hh"
#include "policies/syscall_group.hh"

#include <algorithm>

namespace caisson::policies {
namespace {

constexpr std::size_t kLongestName = 64;

FloorPart read_part(const JsonCursor& cursor)
{
    FloorPart part{.group = read_syscall_group(cursor, {"permission"})};
    if (const auto permission = cursor.find("permission"))
        part.permission = permission->text(kLongestName);
    for (const SyscallEntry& entry : part.group.calls)
        if (entry.action != "errno") cursor.refuse("allows " + entry.name);
    return part;
}

std::vector<FloorPart> read_floor()
{
    constexpr std::string_view kOrigin = "policies/floor.json";
    const JsonNode document = parse_json_with_lines(embedded_floor(), kOrigin);
    std::vector<FloorPart> parts;
    for (const JsonCursor& element : JsonCursor(document, kOrigin).elements())
        parts.push_back(read_part(element));
    return parts;
}

} // namespace

const std::vector<FloorPart>& floor_parts()
{
    static const std::vector<FloorPart> kParts = read_floor();
    return kParts;
}

std::vector<std::string_view> floor_permissions()
{
    std::vector<std::string_view> names;
    for (const FloorPart& part : floor_parts())
        if (!part.permission.empty()) names.push_back(part.permission);
    return names;
}

std::vector<SyscallEntry> floor_entries(std::span<const std::string> accepted)
{
    std::vector<SyscallEntry> entries;
    for (const FloorPart& part : floor_parts()) {
        const bool lifted =
            !part.permission.empty() &&
            std::find(accepted.begin(), accepted.end(), part.permission) != accepted.end();
        if (!lifted)
            entries.insert(entries.end(), part.group.calls.begin(), part.group.calls.end());
    }
    return entries;
}

} // namespace caisson::policies
