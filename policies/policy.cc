#include "policies/policy.hh"

#include "policies/canonical.hh"
#include "policies/embedded.hh"
#include "policies/floor.hh"
#include "policies/json_cursor.hh"
#include "policies/nearest.hh"
#include "policies/syscall_group.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <algorithm>
#include <array>
#include <filesystem>

namespace caisson::policies {
namespace {

constexpr std::size_t kLargestFile = 1U << 20;
constexpr std::size_t kLongestText = 1000;

/// Nothing beyond these is ever needed to build an image: MKNOD, NET_RAW and AUDIT_WRITE, which
/// others give as well, are not.
constexpr std::array<std::string_view, 11> kCapabilities = {"CAP_CHOWN",
                                                            "CAP_DAC_OVERRIDE",
                                                            "CAP_FOWNER",
                                                            "CAP_FSETID",
                                                            "CAP_KILL",
                                                            "CAP_SETGID",
                                                            "CAP_SETUID",
                                                            "CAP_SETPCAP",
                                                            "CAP_SETFCAP",
                                                            "CAP_SYS_CHROOT",
                                                            "CAP_NET_BIND_SERVICE"};

std::string parse_name(const JsonCursor& cursor)
{
    constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyz0123456789";
    constexpr std::string_view kAll = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    std::string name = cursor.text(64);
    if (name.find_first_not_of(kAll) != std::string::npos ||
        kFirst.find(name[0]) == std::string_view::npos)
        cursor.refuse_not("lower-case letters, digits, \".\", \"_\" and \"-\"");
    return name;
}

PolicySandbox parse_sandbox(const JsonCursor& cursor)
{
    constexpr std::array<std::string_view, 2> kKeys = {"verify_lowers", "trust_domain"};
    cursor.allow_only(kKeys);
    PolicySandbox sandbox;
    if (const auto flag = cursor.find("verify_lowers")) sandbox.verify_lowers = flag->flag();
    if (const auto name = cursor.find("trust_domain")) sandbox.trust_domain = parse_name(*name);
    return sandbox;
}

std::vector<std::string> parse_base_images(const JsonCursor& cursor)
{
    std::vector<std::string> globs;
    for (const JsonCursor& element : cursor.elements()) {
        std::string glob = element.text(kLongestText);
        if (std::find(globs.begin(), globs.end(), glob) != globs.end())
            element.refuse("names " + in_quotes(glob) + " a second time");
        globs.push_back(std::move(glob));
    }
    return globs;
}

std::vector<std::string> parse_group_names(const JsonCursor& cursor)
{
    std::vector<std::string> names = cursor.several_of(syscall_group_names());
    if (names.empty()) cursor.refuse("names no group: not even execve would be allowed");
    return names;
}

PolicySeccomp parse_seccomp(const JsonCursor& cursor, const ReadBeside& read_beside)
{
    std::vector<std::string_view> keys = floor_permissions();
    keys.emplace_back("profile");
    cursor.allow_only(keys);
    PolicySeccomp seccomp;
    for (const std::string_view permission : floor_permissions())
        if (const auto flag = cursor.find(permission); flag && flag->flag())
            seccomp.accepted.emplace_back(permission);
    std::sort(seccomp.accepted.begin(), seccomp.accepted.end());
    const JsonCursor profile = cursor.at("profile");
    const std::string path = profile.text(kLongestText);
    if (!read_beside) profile.refuse("names a file, and there is none beside this policy");
    seccomp.profile = parse_seccomp_profile(read_beside(path), path);
    return seccomp;
}

Policy read_policy(const JsonCursor& cursor, const ReadBeside& read_beside)
{
    constexpr std::array<std::string_view, 12> kKeys = {"format",
                                                        "name",
                                                        "description",
                                                        "limits",
                                                        "capabilities",
                                                        "syscalls",
                                                        "seccomp",
                                                        "landlock",
                                                        "network",
                                                        "sandbox",
                                                        "base_images",
                                                        "plain_http_loopback"};
    constexpr std::array<std::string_view, 1> kFormats = {kPolicyFormat};
    constexpr std::array<std::string_view, 2> kLandlock = {"required", "if-available"};
    constexpr std::array<std::string_view, 1> kNetworks = {"none"};
    cursor.allow_only(kKeys);
    (void)cursor.at("format").one_of(kFormats);
    Policy policy;
    policy.name = parse_name(cursor.at("name"));
    if (const auto text = cursor.find("description")) policy.description = text->text(kLongestText);
    policy.limits = parse_limits(cursor.at("limits"));
    policy.capabilities = cursor.at("capabilities").several_of(kCapabilities);
    if (const auto seccomp = cursor.find("seccomp")) {
        if (cursor.find("syscalls")) seccomp->refuse("goes with no \"syscalls\"");
        policy.seccomp = parse_seccomp(*seccomp, read_beside);
    } else {
        policy.syscall_groups = parse_group_names(cursor.at("syscalls"));
    }
    policy.landlock = cursor.at("landlock").one_of(kLandlock);
    policy.network = cursor.at("network").one_of(kNetworks);
    if (const auto sandbox = cursor.find("sandbox")) policy.sandbox = parse_sandbox(*sandbox);
    policy.base_images = parse_base_images(cursor.at("base_images"));
    if (const auto flag = cursor.find("plain_http_loopback"))
        policy.plain_http_loopback = flag->flag();
    return policy;
}

/// Whether `text` matches `glob`, where `*` is any run of bytes and `?` any one. Linear in memory
/// and without recursion: both come from files that someone handed over.
bool matches(std::string_view glob, std::string_view text)
{
    std::size_t g = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    while (t < text.size()) {
        if (g < glob.size() && glob[g] == '*') {
            star = g++;
            resume = t;
        } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
            ++g;
            ++t;
        } else if (star != std::string_view::npos) {
            g = star + 1; // let the last star take one byte more
            t = ++resume;
        } else {
            return false;
        }
    }
    return glob.find_first_not_of('*', g) == std::string_view::npos;
}

} // namespace

Policy parse_policy(std::string_view text, std::string_view origin, const ReadBeside& read_beside)
{
    const std::string place = "policy " + in_quotes(origin);
    const JsonNode document = parse_json_with_lines(text, place);
    Policy policy = read_policy(JsonCursor(document, place), read_beside);
    for (const std::string& name : policy.syscall_groups)
        policy.groups.push_back(syscall_group(name));
    policy.canonical_json = canonical_json(policy);
    return policy;
}

namespace {

Policy load_policy_file(const std::filesystem::path& path)
{
    const auto read = [](const std::filesystem::path& file) {
        return in_context("read policy", [&] { return read_file(file, kLargestFile); });
    };
    // a file that a policy names lies beside it, wherever the caller is
    return parse_policy(read(path), path.native(), [&](const std::string& beside) {
        return read(path.parent_path() / beside);
    });
}

} // namespace

Policy load_policy(std::string_view name_or_path)
{
    if (name_or_path.find('/') != std::string_view::npos || name_or_path.ends_with(".json"))
        return load_policy_file(name_or_path);
    for (const EmbeddedFile& profile : embedded_profiles())
        if (profile.name == name_or_path) return parse_policy(profile.text, name_or_path);

    const std::vector<std::string> known = profile_names();
    const std::vector<std::string_view> choices(known.begin(), known.end());
    std::string hint = suggest(name_or_path, choices);
    if (hint.empty()) hint = "a policy file is named with a / or as .json";
    throw Error(ErrorKind::kUsage, "unknown policy " + in_quotes(name_or_path), std::move(hint));
}

std::vector<std::string> profile_names()
{
    std::vector<std::string> names;
    for (const EmbeddedFile& profile : embedded_profiles())
        names.emplace_back(profile.name);
    return names;
}

bool allows_base_image(const Policy& policy, std::string_view reference)
{
    const auto match = [&](const std::string& glob) { return matches(glob, reference); };
    return std::any_of(policy.base_images.begin(), policy.base_images.end(), match);
}

} // namespace caisson::policies
