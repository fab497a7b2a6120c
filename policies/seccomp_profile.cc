#include "policies/seccomp_profile.hh"

#include "policies/json_cursor.hh"
#include "sandbox/base/error.hh"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <map>

namespace caisson::policies {
namespace {

constexpr std::size_t kLongestName = 64;
constexpr int kGreatestError = 4095; // MAX_ERRNO: beyond it a result is not an error
constexpr int kEperm = 1;

/// What Docker leaves empty it often writes as null, "" or {}.
std::optional<JsonCursor> find_value(const JsonCursor& cursor, std::string_view name)
{
    auto member = cursor.find(name);
    if (member && member->is_empty()) return std::nullopt;
    return member;
}

std::vector<std::string> read_names(const JsonCursor& cursor, std::string_view key)
{
    std::vector<std::string> names;
    if (const auto list = find_value(cursor, key))
        for (const JsonCursor& element : list->elements())
            names.push_back(element.text(kLongestName));
    return names;
}

std::string read_action(const JsonCursor& cursor)
{
    static const std::map<std::string_view, std::string_view> kActions = {
        {"SCMP_ACT_ALLOW", "allow"},
        {"SCMP_ACT_LOG", "allow"},
        {"SCMP_ACT_ERRNO", "errno"},
        {"SCMP_ACT_TRAP", "trap"},
        {"SCMP_ACT_KILL", "kill-thread"},
        {"SCMP_ACT_KILL_THREAD", "kill-thread"},
        {"SCMP_ACT_KILL_PROCESS", "kill-process"}};
    const std::string text = cursor.text(kLongestName);
    if (const auto found = kActions.find(text); found != kActions.end())
        return std::string(found->second);
    if (text == "SCMP_ACT_TRACE")
        cursor.refuse("asks for a tracer", "a cell has none; SCMP_ACT_ERRNO says ENOSYS as well");
    if (text == "SCMP_ACT_NOTIFY")
        cursor.refuse("asks for a supervisor", "a cell has none of the profile's");
    std::vector<std::string_view> known;
    for (const auto& [name, action] : kActions)
        known.push_back(name);
    (void)cursor.one_of(known);
    cursor.refuse("means nothing");
}

/// "EPERM" is 1.
std::optional<int> error_number(std::string_view name)
{
    for (int number = 1; number <= kGreatestError; ++number)
        if (const char* const known = ::strerrorname_np(number); known != nullptr && name == known)
            return number;
    return std::nullopt;
}

/// Podman's profiles give the number and its name, Docker's the number alone.
int read_error(const JsonCursor& cursor, std::string_view number_key, std::string_view name_key)
{
    const auto number = find_value(cursor, number_key);
    const auto name = find_value(cursor, name_key);
    std::optional<int> named;
    if (name) {
        named = error_number(name->text(kLongestName));
        if (!named) name->refuse_not("the name of an error");
    }
    if (!number) return named.value_or(kEperm);
    const int given = static_cast<int>(number->whole_number(0, kGreatestError));
    if (named && *named != given) name->refuse("is another error than " + std::string(number_key));
    return given;
}

SeccompProfile::Answer read_answer(const JsonCursor& cursor,
                                   std::string_view action_key,
                                   std::string_view number_key,
                                   std::string_view name_key)
{
    SeccompProfile::Answer answer{.action = read_action(cursor.at(action_key))};
    if (answer.action == "errno")
        answer.error = read_error(cursor, number_key, name_key);
    else if (const auto number = find_value(cursor, number_key))
        number->refuse("goes with SCMP_ACT_ERRNO only"); // as runtime-spec asks
    return answer;
}

SyscallEntry::Argument read_argument(const JsonCursor& cursor)
{
    constexpr std::array<std::string_view, 4> kKeys = {"index", "value", "valueTwo", "op"};
    static const std::map<std::string_view, std::string_view> kCompares = {
        {"SCMP_CMP_NE", "!="},
        {"SCMP_CMP_LT", "<"},
        {"SCMP_CMP_LE", "<="},
        {"SCMP_CMP_EQ", "=="},
        {"SCMP_CMP_GE", ">="},
        {"SCMP_CMP_GT", ">"},
        {"SCMP_CMP_MASKED_EQ", "&=="}};
    std::vector<std::string_view> known;
    for (const auto& [name, compare] : kCompares)
        known.push_back(name);
    cursor.allow_only(kKeys);
    SyscallEntry::Argument argument;
    argument.index = static_cast<unsigned>(cursor.at("index").whole_number(0, 5));
    argument.compare = kCompares.at(cursor.at("op").one_of(known));
    argument.value = cursor.at("value").whole_number(0, UINT64_MAX);
    const auto second = cursor.find("valueTwo");
    const std::uint64_t two = second ? second->whole_number(0, UINT64_MAX) : 0;
    if (argument.compare == "&==") {
        argument.mask = argument.value;
        argument.value = two;
    }
    return argument;
}

KernelVersion read_kernel(const JsonCursor& cursor)
{
    const std::string text = cursor.text(kLongestName);
    const std::size_t dot = text.find('.');
    KernelVersion least;
    const auto read = [&](std::string_view part, unsigned& number) {
        const auto [end, failure] = std::from_chars(part.data(), part.data() + part.size(), number);
        return failure == std::errc() && end == part.data() + part.size();
    };
    if (dot == std::string::npos || !read(std::string_view(text).substr(0, dot), least.version) ||
        !read(std::string_view(text).substr(dot + 1), least.revision) || least == KernelVersion{})
        cursor.refuse_not("a kernel's version and revision, as \"4.8\"");
    return least;
}

SeccompProfile::Conditions read_conditions(const JsonCursor& cursor)
{
    constexpr std::array<std::string_view, 3> kKeys = {"caps", "arches", "minKernel"};
    cursor.allow_only(kKeys);
    SeccompProfile::Conditions conditions{.capabilities = read_names(cursor, "caps"),
                                          .architectures = read_names(cursor, "arches")};
    if (const auto kernel = find_value(cursor, "minKernel"))
        conditions.least_kernel = read_kernel(*kernel);
    return conditions;
}

SeccompProfile::Entry read_entry(const JsonCursor& cursor)
{
    constexpr std::array<std::string_view, 9> kKeys = {
        "name", "names", "action", "errnoRet", "errno", "args", "comment", "includes", "excludes"};
    cursor.allow_only(kKeys);
    SeccompProfile::Entry entry{.names = read_names(cursor, "names"),
                                .answer = read_answer(cursor, "action", "errnoRet", "errno")};
    if (const auto name = find_value(cursor, "name")) {
        if (!entry.names.empty()) name->refuse("goes with no \"names\"");
        entry.names.push_back(name->text(kLongestName));
    }
    if (entry.names.empty()) cursor.refuse("names no system call");
    if (const auto arguments = find_value(cursor, "args"))
        for (const JsonCursor& argument : arguments->elements())
            entry.arguments.push_back(read_argument(argument));
    if (const auto includes = find_value(cursor, "includes"))
        entry.includes = read_conditions(*includes);
    if (const auto excludes = find_value(cursor, "excludes"))
        entry.excludes = read_conditions(*excludes);
    return entry;
}

/// Whether calls of the i386 table are meant as well: Docker lists them below the native
/// architecture, OCI beside it.
bool reads_i386(const JsonCursor& cursor)
{
    constexpr std::string_view kI386 = "SCMP_ARCH_X86";
    std::vector<std::string> all = read_names(cursor, "architectures");
    if (const auto map = find_value(cursor, "archMap")) {
        constexpr std::array<std::string_view, 2> kKeys = {"architecture", "subArchitectures"};
        if (!all.empty()) map->refuse("goes with no \"architectures\"");
        for (const JsonCursor& element : map->elements()) {
            element.allow_only(kKeys);
            const std::vector<std::string> below = read_names(element, "subArchitectures");
            if (element.at("architecture").text(kLongestName) == "SCMP_ARCH_X86_64")
                all.insert(all.end(), below.begin(), below.end());
        }
    }
    return std::find(all.begin(), all.end(), kI386) != all.end();
}

void read_flags(const JsonCursor& cursor)
{
    constexpr std::array<std::string_view, 4> kFlags = {"SECCOMP_FILTER_FLAG_TSYNC",
                                                        "SECCOMP_FILTER_FLAG_LOG",
                                                        "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
                                                        "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
    if (const auto flags = find_value(cursor, "flags")) (void)flags->several_of(kFlags);
    for (const std::string_view key : {"listenerPath", "listenerMetadata"})
        if (const auto path = find_value(cursor, key))
            path->refuse("asks for a supervisor", "a cell has none of the profile's");
}

bool is_one_of(const std::string& text, const std::vector<std::string>& texts)
{
    return std::find(texts.begin(), texts.end(), text) != texts.end();
}

bool counts(const SeccompProfile::Entry& entry, const ProfileHost& host)
{
    const auto has = [&](const std::string& name) { return is_one_of(name, host.capabilities); };
    const auto& in = entry.includes;
    const auto& out = entry.excludes;
    if (!in.architectures.empty() && !is_one_of(host.architecture, in.architectures)) return false;
    if (!std::all_of(in.capabilities.begin(), in.capabilities.end(), has)) return false;
    if (in.least_kernel && host.kernel < *in.least_kernel) return false;
    if (is_one_of(host.architecture, out.architectures)) return false;
    if (std::any_of(out.capabilities.begin(), out.capabilities.end(), has)) return false;
    return !out.least_kernel || host.kernel < *out.least_kernel;
}

bool tests_one_argument_twice(const SeccompProfile::Entry& entry)
{
    std::array<bool, 6> seen = {};
    for (const auto& argument : entry.arguments)
        if (std::exchange(seen.at(argument.index), true)) return true;
    return false;
}

int strictness(const SyscallEntry& entry)
{
    constexpr std::array<std::string_view, 5> kOrder = {
        "kill-process", "kill-thread", "trap", "errno", "allow"};
    return static_cast<int>(std::find(kOrder.begin(), kOrder.end(), entry.action) - kOrder.begin());
}

} // namespace

SeccompProfile parse_seccomp_profile(std::string_view text, std::string_view origin)
{
    constexpr std::array<std::string_view, 9> kKeys = {"defaultAction",
                                                       "defaultErrnoRet",
                                                       "defaultErrno",
                                                       "architectures",
                                                       "archMap",
                                                       "flags",
                                                       "listenerPath",
                                                       "listenerMetadata",
                                                       "syscalls"};
    const std::string place = "seccomp profile " + in_quotes(origin);
    const JsonNode document = parse_json_with_lines(text, place);
    const JsonCursor cursor(document, place);
    cursor.allow_only(kKeys);
    SeccompProfile profile;
    profile.otherwise = read_answer(cursor, "defaultAction", "defaultErrnoRet", "defaultErrno");
    profile.covers_i386 = reads_i386(cursor);
    read_flags(cursor);
    if (const auto calls = find_value(cursor, "syscalls"))
        for (const JsonCursor& call : calls->elements())
            profile.entries.push_back(read_entry(call));
    return profile;
}

std::vector<SyscallEntry> resolve_profile(const SeccompProfile& profile, const ProfileHost& host)
{
    std::vector<SyscallEntry> resolved;
    for (const SeccompProfile::Entry& entry : profile.entries) {
        if (!counts(entry, host)) continue;
        for (const std::string& name : entry.names) {
            SyscallEntry call{
                .name = name, .action = entry.answer.action, .error = entry.answer.error};
            if (!tests_one_argument_twice(entry)) {
                call.arguments = entry.arguments;
                resolved.push_back(std::move(call));
                continue;
            }
            for (const auto& argument : entry.arguments) {
                call.arguments = {argument};
                resolved.push_back(call);
            }
        }
    }
    std::stable_sort(resolved.begin(), resolved.end(), [](const auto& left, const auto& right) {
        return strictness(left) < strictness(right);
    });
    return resolved;
}

KernelVersion kernel_version(std::string_view release)
{
    KernelVersion found;
    const char* const last = release.data() + release.size();
    const auto version = std::from_chars(release.data(), last, found.version);
    if (version.ec == std::errc() && version.ptr != last && *version.ptr == '.') {
        const auto revision = std::from_chars(version.ptr + 1, last, found.revision);
        if (revision.ec == std::errc()) return found;
    }
    throw Error(ErrorKind::kHost, "the kernel's release " + in_quotes(release) + " is no version");
}

} // namespace caisson::policies
