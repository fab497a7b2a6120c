#include "policies/i386.hh"

#include "policies/embedded.hh"
#include "policies/json_cursor.hh"
#include "policies/syscall_group.hh"
#include "sandbox/base/error.hh"

#include <algorithm>
#include <array>
#include <map>
#include <string>

namespace caisson::policies {
namespace {

constexpr std::size_t kLongestName = 64;

struct Group {
    std::vector<std::string> as_native;
    std::vector<SyscallEntry> calls;
};

struct I386 {
    std::vector<SyscallEntry> floor;
    std::map<std::string, Group, std::less<>> groups;
};

Group read_group(const JsonCursor& cursor)
{
    constexpr std::array<std::string_view, 3> kKeys = {"name", "as_native", "calls"};
    cursor.allow_only(kKeys);
    Group group{.calls = read_syscall_entries(cursor.at("calls"))};
    for (const JsonCursor& name : cursor.at("as_native").elements())
        group.as_native.push_back(name.text(kLongestName));
    return group;
}

I386 read()
{
    constexpr std::string_view kOrigin = "policies/i386.json";
    constexpr std::array<std::string_view, 3> kKeys = {"why", "floor", "groups"};
    const JsonNode document = parse_json_with_lines(embedded_i386(), kOrigin);
    const JsonCursor cursor(document, kOrigin);
    cursor.allow_only(kKeys);
    I386 all{.floor = read_syscall_entries(cursor.at("floor"))};
    for (const JsonCursor& element : cursor.at("groups").elements())
        all.groups.emplace(element.at("name").text(kLongestName), read_group(element));
    return all;
}

const I386& i386()
{
    static const I386 kAll = read();
    return kAll;
}

} // namespace

std::vector<SyscallEntry> i386_calls(std::string_view group,
                                     const std::vector<SyscallEntry>& native)
{
    const auto found = i386().groups.find(group);
    if (found == i386().groups.end()) return {};
    std::vector<SyscallEntry> calls;
    for (const std::string& name : found->second.as_native) {
        const std::size_t before = calls.size();
        std::copy_if(native.begin(),
                     native.end(),
                     std::back_inserter(calls),
                     [&](const SyscallEntry& entry) { return entry.name == name; });
        if (calls.size() == before)
            throw Error(ErrorKind::kInternal,
                        "policies/i386.json: group " + in_quotes(group) + " has no " + name);
    }
    calls.insert(calls.end(), found->second.calls.begin(), found->second.calls.end());
    return calls;
}

std::vector<SyscallEntry> i386_floor()
{
    return i386().floor;
}

} // namespace caisson::policies
