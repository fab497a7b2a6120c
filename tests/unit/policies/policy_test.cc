#include "policies/embedded.hh"
#include "policies/policy.hh"
#include "policies/syscall_group.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "tests/support/paths.hh"
#include "tests/unit/policies/bad_policies.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>

namespace caisson::policies {
namespace {

using ::testing::HasSubstr;

std::string source(const std::string& path)
{
    return read_file(std::string(checkout::source() / "policies/") + path, 1U << 20);
}

/// What the loader says to the default profile with one piece of text replaced.
std::string complaint(const std::string& piece, const std::string& replacement)
{
    std::string text = source("profiles/default.json");
    const std::size_t at = text.find(piece);
    if (at == std::string::npos) return "the default profile has no " + piece;
    text.replace(at, piece.size(), replacement);
    try {
        (void)parse_policy(text, "p.json");
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage);
        return error.what();
    }
    return "accepted";
}

TEST(Profiles, AreReadWholeAndUnderTheirNames)
{
    EXPECT_EQ(profile_names(), (std::vector<std::string>{"default", "hermetic"}));
    for (const std::string& name : profile_names()) {
        const Policy policy = load_policy(name);
        EXPECT_EQ(policy.name, name);
        EXPECT_EQ(policy.capabilities.size(), 11U);
        EXPECT_EQ(policy.groups.size(), policy.syscall_groups.size());
        EXPECT_EQ(policy.network, "none");
        EXPECT_GE(policy.limits.build_time, policy.limits.step_time);
    }
}

TEST(Profiles, AreTheFilesOfThisTree)
{
    for (const EmbeddedFile& file : embedded_profiles())
        EXPECT_EQ(file.text, source("profiles/" + std::string(file.name) + ".json"));
    for (const EmbeddedFile& file : embedded_syscall_groups())
        EXPECT_EQ(file.text, source("syscalls/" + std::string(file.name) + ".json"));
    EXPECT_EQ(embedded_policy_schema(), source("schema/policy.schema.json"));
}

TEST(Profiles, LeaveNoGroupFileOut)
{
    std::set<std::string> files;
    for (const auto& entry :
         std::filesystem::directory_iterator(checkout::source() / "policies/syscalls"))
        files.insert(entry.path().stem());

    const auto names = syscall_group_names();
    EXPECT_EQ(files, std::set<std::string>(names.begin(), names.end()));
}

TEST(Profiles, NeverLetRulesOfTwoGroupsOverlap)
{
    std::vector<SyscallEntry> others;
    for (const std::string_view name : syscall_group_names()) {
        const SyscallGroup group = syscall_group(name);
        for (const SyscallEntry& entry : group.calls)
            for (const SyscallEntry& other : others)
                EXPECT_FALSE(overlap(entry, other)) << entry.name << ": " << entry.why;
        others.insert(others.end(), group.calls.begin(), group.calls.end());
    }
}

TEST(Profiles, NeverAllowWhatReachesBeyondACell)
{
    const std::set<std::string> shut = {"bpf",
                                        "fsconfig",
                                        "fsmount",
                                        "fsopen",
                                        "init_module",
                                        "ioperm",
                                        "iopl",
                                        "kcmp",
                                        "kexec_load",
                                        "keyctl",
                                        "modify_ldt",
                                        "mount",
                                        "move_mount",
                                        "move_pages",
                                        "name_to_handle_at",
                                        "open_tree",
                                        "open_by_handle_at",
                                        "perf_event_open",
                                        "pidfd_getfd",
                                        "pivot_root",
                                        "process_vm_readv",
                                        "ptrace",
                                        "quotactl",
                                        "request_key",
                                        "setns",
                                        "swapon",
                                        "syslog",
                                        "umount2",
                                        "userfaultfd",
                                        "vmsplice"};
    for (const std::string& name : profile_names())
        for (const SyscallGroup& group : load_policy(name).groups)
            for (const SyscallEntry& entry : group.calls)
                EXPECT_FALSE(shut.contains(entry.name)) << name << ": " << entry.name;
}

TEST(Policy, TellsLineAndNearestKey)
{
    EXPECT_EQ(complaint("\"limits\"", "\"limts\""),
              "policy \"p.json\": line 5: unknown key \"limts\" (hint: did you mean \"limits\"?)");
    EXPECT_EQ(complaint("\"open_files\"", "\"openfiles\""),
              "policy \"p.json\": line 15: unknown key \"openfiles\" in \"limits\" (hint: did you "
              "mean \"open_files\"?)");
}

TEST(Policy, TellsLineOfAWrongValue)
{
    EXPECT_EQ(
        complaint("\"step_seconds\": 3600", "\"step_seconds\": 0"),
        "policy \"p.json\": line 17: \"limits.step_seconds\" must be a whole number from 1 to "
        "604800, not 0");
    // a number ends only at the line break behind it, which must not count
    EXPECT_EQ(complaint("\"build_seconds\": 14400", "\"build_seconds\": 1.5"),
              "policy \"p.json\": line 20: \"limits.build_seconds\" must be a whole number from 1 "
              "to 604800, not 1.5");
    EXPECT_THAT(complaint("if-available", "if-availble"),
                HasSubstr("must be one of \"required\", \"if-available\", not \"if-availble\" "
                          "(hint: did you mean \"if-available\"?)"));
    EXPECT_THAT(complaint("\"CAP_KILL\"", "\"CAP_SYS_ADMIN\""),
                HasSubstr("line 27: \"capabilities[4]\" must be one of"));
    EXPECT_THAT(complaint("\"memory\"", "\"memroy\""), HasSubstr("did you mean \"memory\"?"));
}

TEST(Policy, RefusesAKeyGivenTwice)
{
    EXPECT_EQ(complaint("\"network\": \"none\"", "\"network\": \"none\",\n\"network\": \"none\""),
              "policy \"p.json\": line 53: key \"network\" is given twice (first on line 52)");
}

TEST(Policy, RefusesWhatIsNotJson)
{
    EXPECT_EQ(complaint("\"default\",", "\"default\""),
              "policy \"p.json\": line 4: not JSON: syntax error while parsing object - unexpected "
              "string literal; expected '}'");
    EXPECT_THAT(complaint("4096,", "4096, // many"), HasSubstr("line 9: not JSON"));
    EXPECT_THROW((void)parse_policy("", "empty"), Error);
    EXPECT_THROW((void)parse_policy(std::string(100'000, '['), "deep"), Error);
}

TEST(Policy, QuotesNothingThatATerminalWouldObey)
{
    EXPECT_THAT(complaint("\"landlock\"", "\"\\u001b[2J\\u202e\""),
                HasSubstr("unknown key \"\\u001b[2J\\u202e\""));
}

TEST(Policy, RefusesEveryBadPolicy)
{
    for (const BadPolicy& bad : bad_policies())
        EXPECT_THROW((void)parse_policy(bad.document.dump(2), bad.what), Error) << bad.what;
}

/// The default profile as it was before "limits" had more than six keys.
nlohmann::json first_version()
{
    auto document = nlohmann::json::parse(source("profiles/default.json"));
    const nlohmann::json& limits = document["limits"];
    nlohmann::json old;
    for (const char* key : {"processes",
                            "file_size_bytes",
                            "open_files",
                            "output_bytes",
                            "step_seconds",
                            "build_seconds"})
        old[key] = limits.at(key);
    document["limits"] = old;
    return document;
}

TEST(Policy, OfTheFirstVersionHasTheLimitsOfTheDefaultProfile)
{
    EXPECT_EQ(parse_policy(first_version().dump(), "old").canonical_json,
              load_policy("default").canonical_json);
}

TEST(Policy, GivesABuildTwiceWhatAStepMayTakeUnlessItSays)
{
    nlohmann::json document = first_version();
    document["limits"]["memory_bytes"] = 100ULL << 30;
    document["limits"]["disk_bytes"] = 7ULL << 30;

    const PolicyLimits limits = parse_policy(document.dump(), "p").limits;

    EXPECT_EQ(limits.build_memory_bytes, 200ULL << 30);
    EXPECT_EQ(limits.build_disk_bytes, 14ULL << 30);
    EXPECT_THAT(complaint("\"build_memory_bytes\": 17179869184", "\"build_memory_bytes\": 99"),
                HasSubstr("line 18: \"limits.build_memory_bytes\" is less than "
                          "\"limits.memory_bytes\""));
}

TEST(Policy, SaysHowFirmlyALimitIsToBeHeld)
{
    nlohmann::json document = first_version();
    document["limits"]["enforce"] = {{"memory_bytes", "kernel-required"},
                                     {"disk_bytes", "required"}};

    const Policy policy = parse_policy(document.dump(), "p");

    EXPECT_EQ(policy.limits.enforce.at("memory_bytes"), Enforcement::kKernelRequired);
    EXPECT_EQ(policy.limits.enforce.at("disk_bytes"), Enforcement::kRequired);
    EXPECT_EQ(policy.limits.enforce.size(), 2U);
    EXPECT_NE(policy.canonical_json, load_policy("default").canonical_json);
    EXPECT_THAT(complaint("\"build_seconds\": 14400",
                          "\"build_seconds\": 14400, \"enforce\": {\"memory\": \"required\"}"),
                HasSubstr("unknown key \"memory\" in \"limits.enforce\""));
}

TEST(Policy, LimitsAddressesOnlyWhenAsked)
{
    EXPECT_FALSE(load_policy("default").limits.address_space_bytes);
    nlohmann::json document = first_version();
    document["limits"]["address_space_bytes"] = 1ULL << 30;
    EXPECT_EQ(parse_policy(document.dump(), "p").limits.address_space_bytes, 1ULL << 30);
}

TEST(Policy, IsLoadedFromAFileOrByName)
{
    const TempDirectory directory(std::filesystem::temp_directory_path());
    const auto path = directory.path() / "mine.json";
    write_file_atomically(path, source("profiles/hermetic.json"));

    EXPECT_EQ(load_policy(path.string()).name, "hermetic");
    EXPECT_THROW((void)load_policy((directory.path() / "none.json").string()), Error);
    try {
        (void)load_policy("defualt");
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "unknown policy \"defualt\" (hint: did you mean \"default\"?)");
    }
}

TEST(Policy, HasACanonicalTextThatOnlyChangesWithWhatDecides)
{
    const std::string text = source("profiles/default.json");
    auto in_order = nlohmann::ordered_json::parse(text);
    in_order["description"] = "another text";
    nlohmann::ordered_json other = {{"name", in_order["name"]}}; // the second key comes first
    other.update(in_order);
    auto stricter = nlohmann::json::parse(text);
    stricter["landlock"] = "required";

    const std::string canonical = parse_policy(text, "a").canonical_json;

    EXPECT_EQ(parse_policy(other.dump(), "b").canonical_json, canonical);
    EXPECT_NE(parse_policy(stricter.dump(), "c").canonical_json, canonical);
    EXPECT_EQ(nlohmann::json::parse(canonical).dump(), canonical);
}

TEST(Policy, MatchesBaseImages)
{
    Policy policy;
    policy.base_images = {"registry.example.org/team/*", "[::1]:5000/app:1.?"};

    EXPECT_TRUE(allows_base_image(policy, "registry.example.org/team/app:1"));
    EXPECT_TRUE(allows_base_image(policy, "registry.example.org/team/deep/app@sha256:00"));
    EXPECT_TRUE(allows_base_image(policy, "[::1]:5000/app:1.4"));
    EXPECT_FALSE(allows_base_image(policy, "[::1]:5000/app:1.45"));
    EXPECT_FALSE(allows_base_image(policy, "registry.example.org/team"));
    EXPECT_FALSE(allows_base_image(policy, "evil.example.org/registry.example.org/team/app"));
    policy.base_images = {};
    EXPECT_FALSE(allows_base_image(policy, "debian"));
    policy.base_images = {"a*b*c"};
    EXPECT_TRUE(allows_base_image(policy, "axbxbxc"));
    EXPECT_FALSE(allows_base_image(policy, "axbxb"));
}

} // namespace
} // namespace caisson::policies
