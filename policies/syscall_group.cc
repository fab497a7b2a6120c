#include "policies/syscall_group.hh"

#include "policies/embedded.hh"
#include "policies/i386.hh"
#include "policies/json_cursor.hh"
#include "sandbox/base/error.hh"

#include <algorithm>
#include <array>

namespace caisson::policies {
namespace {

constexpr std::size_t kLongestName = 64;
constexpr std::size_t kLongestWhy = 1000;
constexpr std::uint64_t kGreatestError = 4095; // MAX_ERRNO: beyond it a result is not an error

SyscallEntry::Argument parse_argument(const JsonCursor& cursor)
{
    constexpr std::array<std::string_view, 4> kKeys = {"index", "compare", "mask", "value"};
    constexpr std::array<std::string_view, 8> kCompare = {
        "==", "!=", "<", "<=", ">", ">=", "&==", "&!="};
    cursor.allow_only(kKeys);
    SyscallEntry::Argument argument;
    argument.index = static_cast<unsigned>(cursor.at("index").whole_number(0, 5));
    argument.compare = cursor.at("compare").one_of(kCompare);
    argument.value = cursor.at("value").whole_number(0, UINT64_MAX);
    if (argument.compare.starts_with('&')) {
        argument.mask = cursor.at("mask").whole_number(1, UINT64_MAX);
        if ((argument.value & ~argument.mask) != 0) cursor.refuse("has a value outside its mask");
    } else if (const auto mask = cursor.find("mask")) {
        mask->refuse("goes with \"&==\" and \"&!=\" only");
    }
    return argument;
}

std::vector<SyscallEntry::Argument> parse_arguments(const JsonCursor& cursor)
{
    std::vector<SyscallEntry::Argument> arguments;
    for (const JsonCursor& element : cursor.elements())
        arguments.push_back(parse_argument(element));
    return arguments;
}

SyscallEntry parse_entry(const JsonCursor& cursor)
{
    constexpr std::array<std::string_view, 5> kKeys = {
        "name", "action", "error", "arguments", "why"};
    constexpr std::array<std::string_view, 2> kActions = {"allow", "errno"};
    cursor.allow_only(kKeys);
    SyscallEntry entry;
    entry.name = cursor.at("name").text(kLongestName);
    entry.why = cursor.at("why").text(kLongestWhy);
    if (const auto action = cursor.find("action")) entry.action = action->one_of(kActions);
    if (entry.action == "errno")
        entry.error = static_cast<int>(cursor.at("error").whole_number(0, kGreatestError));
    else if (const auto error = cursor.find("error"))
        error->refuse("goes with \"action\": \"errno\" only");
    if (const auto arguments = cursor.find("arguments"))
        entry.arguments = parse_arguments(*arguments);
    return entry;
}

/// Whether no value meets both tests. Only equalities are told apart; anything else counts as
/// overlapping, which errs on the side of a complaint.
bool exclude_each_other(const SyscallEntry::Argument& left, const SyscallEntry::Argument& right)
{
    const auto is_equality = [](const SyscallEntry::Argument& argument) {
        return argument.compare == "==" || argument.compare == "&==";
    };
    if (left.index != right.index || !is_equality(left) || !is_equality(right)) return false;
    return ((left.value ^ right.value) & left.mask & right.mask) != 0;
}

} // namespace

std::vector<SyscallEntry> read_syscall_entries(const JsonCursor& cursor)
{
    std::vector<SyscallEntry> entries;
    for (const JsonCursor& call : cursor.elements()) {
        SyscallEntry entry = parse_entry(call);
        const auto decides = [&](const SyscallEntry& earlier) {
            return earlier.name == entry.name && earlier.arguments.empty();
        };
        if (std::any_of(entries.begin(), entries.end(), decides))
            call.refuse("is never asked: an earlier entry of " + entry.name + " always holds");
        entries.push_back(std::move(entry));
    }
    return entries;
}

SyscallGroup read_syscall_group(const JsonCursor& cursor,
                                std::initializer_list<std::string_view> more_keys)
{
    std::vector<std::string_view> keys = {"name", "why", "calls"};
    keys.insert(keys.end(), more_keys);
    cursor.allow_only(keys);
    SyscallGroup group;
    group.name = cursor.at("name").text(kLongestName);
    group.why = cursor.at("why").text(kLongestWhy);
    group.calls = read_syscall_entries(cursor.at("calls"));
    return group;
}

SyscallGroup parse_syscall_group(std::string_view text, std::string_view origin)
{
    const JsonNode document = parse_json_with_lines(text, origin);
    return read_syscall_group(JsonCursor(document, origin), {});
}

bool overlap(const SyscallEntry& left, const SyscallEntry& right)
{
    if (left.name != right.name) return false;
    for (const auto& one : left.arguments)
        for (const auto& other : right.arguments)
            if (exclude_each_other(one, other)) return false;
    return true;
}

std::vector<std::string_view> syscall_group_names()
{
    std::vector<std::string_view> names;
    for (const EmbeddedFile& file : embedded_syscall_groups())
        names.push_back(file.name);
    return names;
}

SyscallGroup syscall_group(std::string_view name)
{
    for (const EmbeddedFile& file : embedded_syscall_groups())
        if (file.name == name) {
            SyscallGroup group =
                parse_syscall_group(file.text, "system call group " + in_quotes(name));
            group.i386_calls = i386_calls(name, group.calls);
            return group;
        }
    throw Error(ErrorKind::kInternal, "no system call group " + in_quotes(name));
}

} // namespace caisson::policies
