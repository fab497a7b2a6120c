#include "policies/embedded.hh"
#include "policies/policy.hh"
#include "policies/seccomp_profile.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace caisson::policies {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

SeccompProfile profile_with(const std::string& entries)
{
    return parse_seccomp_profile(
        R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [)" + entries + "]}", "p.json");
}

std::string complaint(const std::string& text)
{
    try {
        (void)parse_seccomp_profile(text, "p.json");
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage);
        return error.what();
    }
    return "accepted";
}

std::string complaint_about(const std::string& entry)
{
    return complaint(R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [)" + entry + "]}");
}

constexpr const char* kAllow = R"("action": "SCMP_ACT_ALLOW")";

ProfileHost host()
{
    return {.architecture = "amd64", .kernel = {6, 18}, .capabilities = {"CAP_CHOWN"}};
}

/// What each resolved entry says, shortened.
std::vector<std::string> resolved(const std::string& entries)
{
    std::vector<std::string> texts;
    for (const SyscallEntry& entry : resolve_profile(profile_with(entries), host())) {
        std::string text = entry.name + " " + entry.action;
        if (entry.action == "errno") text += " " + std::to_string(entry.error);
        for (const auto& argument : entry.arguments) {
            text += " " + std::to_string(argument.index) + argument.compare;
            if (argument.compare == "&==") text += std::to_string(argument.mask) + "=";
            text += std::to_string(argument.value);
        }
        texts.push_back(text);
    }
    return texts;
}

TEST(SeccompProfile, ReadsEveryOperator)
{
    std::string entries;
    for (const char* name : {"NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"})
        entries += std::string(entries.empty() ? "" : ",") + R"({"names": ["socket"], )" + kAllow +
                   R"(, "args": [{"index": 1, "value": 6, "valueTwo": 2, "op": "SCMP_CMP_)" + name +
                   "\"}]}";

    EXPECT_THAT(resolved(entries),
                ElementsAre("socket allow 1!=6",
                            "socket allow 1<6",
                            "socket allow 1<=6",
                            "socket allow 1==6",
                            "socket allow 1>=6",
                            "socket allow 1>6",
                            "socket allow 1&==6=2"));
}

TEST(SeccompProfile, AsksTheStrictestAnswerFirst)
{
    const auto entry = [](const std::string& action) {
        return R"({"names": ["read"], "action": "SCMP_ACT_)" + action + "\"}";
    };

    EXPECT_THAT(resolved(entry("ALLOW") + "," + entry("ERRNO") + "," + entry("LOG") + "," +
                         entry("TRAP") + "," + entry("KILL") + "," + entry("KILL_PROCESS") + "," +
                         entry("KILL_THREAD")),
                ElementsAre("read kill-process",
                            "read kill-thread",
                            "read kill-thread",
                            "read trap",
                            "read errno 1",
                            "read allow",
                            "read allow"));
}

TEST(SeccompProfile, TakesTwoTestsOfOneArgumentAsEither)
{
    EXPECT_THAT(resolved(std::string(R"({"names": ["kill"], )") + kAllow +
                         R"(, "args": [{"index": 1, "value": 0, "op": "SCMP_CMP_EQ"},
                                       {"index": 1, "value": 9, "op": "SCMP_CMP_EQ"},
                                       {"index": 0, "value": 1, "op": "SCMP_CMP_NE"}]})"),
                ElementsAre("kill allow 1==0", "kill allow 1==9", "kill allow 0!=1"));
}

TEST(SeccompProfile, HeedsTheConditions)
{
    const auto with = [](const std::string& conditions) {
        return !resolved(std::string(R"({"names": ["read"], )") + kAllow + ", " + conditions + "}")
                    .empty();
    };

    EXPECT_TRUE(with(R"("includes": {}, "excludes": null, "comment": "")"));
    EXPECT_TRUE(with(R"("includes": {"caps": ["CAP_CHOWN"]})"));
    EXPECT_FALSE(with(R"("includes": {"caps": ["CAP_CHOWN", "CAP_SYS_ADMIN"]})"));
    EXPECT_FALSE(with(R"("excludes": {"caps": ["CAP_CHOWN", "CAP_SYS_ADMIN"]})"));
    EXPECT_TRUE(with(R"("includes": {"arches": ["amd64", "x32"]})"));
    EXPECT_FALSE(with(R"("includes": {"arches": ["arm64"]})"));
    EXPECT_FALSE(with(R"("excludes": {"arches": ["amd64"]})"));
    EXPECT_TRUE(with(R"("includes": {"minKernel": "6.18"})"));
    EXPECT_TRUE(with(R"("includes": {"minKernel": "5.99"})"));
    EXPECT_FALSE(with(R"("includes": {"minKernel": "6.19"})"));
    EXPECT_FALSE(with(R"("excludes": {"minKernel": "6.18"})"));
    EXPECT_TRUE(with(R"("excludes": {"minKernel": "7.0"})"));
}

TEST(SeccompProfile, ReadsErrorsByNumberAndName)
{
    EXPECT_THAT(resolved(R"({"name": "a", "action": "SCMP_ACT_ERRNO", "errnoRet": 0},
                            {"name": "b", "action": "SCMP_ACT_ERRNO", "errno": "ENOSYS"},
                            {"name": "c", "action": "SCMP_ACT_ERRNO", "errnoRet": 38,
                             "errno": "ENOSYS"})"),
                ElementsAre("a errno 0", "b errno 38", "c errno 38"));
    EXPECT_THAT(complaint_about(R"({"name": "c", "action": "SCMP_ACT_ERRNO", "errnoRet": 1,
                                    "errno": "ENOSYS"})"),
                HasSubstr("is another error than errnoRet"));
    EXPECT_THAT(complaint_about(R"({"name": "c", "action": "SCMP_ACT_ERRNO", "errno": "ENO"})"),
                HasSubstr("must be the name of an error"));
    EXPECT_THAT(complaint_about(R"({"name": "c", "action": "SCMP_ACT_ALLOW", "errnoRet": 1})"),
                HasSubstr("goes with SCMP_ACT_ERRNO only"));
    EXPECT_EQ(parse_seccomp_profile(R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
                                        "defaultErrno": "ENOSYS"})",
                                    "p")
                  .otherwise.error,
              38);
}

TEST(SeccompProfile, TellsWhetherItCoversI386)
{
    const auto covers = [](const std::string& keys) {
        return parse_seccomp_profile(R"({"defaultAction": "SCMP_ACT_ALLOW")" + keys + "}", "p")
            .covers_i386;
    };

    EXPECT_FALSE(covers(""));
    EXPECT_TRUE(covers(R"(, "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"])"));
    EXPECT_TRUE(covers(R"(, "archMap": [{"architecture": "SCMP_ARCH_X86_64",
                            "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]}])"));
    EXPECT_FALSE(covers(R"(, "archMap": [{"architecture": "SCMP_ARCH_RISCV64",
                             "subArchitectures": null}])"));
}

TEST(SeccompProfile, RefusesWhatItCouldNotKeep)
{
    EXPECT_THAT(complaint(R"({"defaultAction": "SCMP_ACT_NOTIFY"})"),
                HasSubstr("asks for a supervisor"));
    EXPECT_THAT(complaint(R"({"defaultAction": "SCMP_ACT_TRACE"})"), HasSubstr("a tracer"));
    EXPECT_THAT(complaint(R"({"defaultAction": "SCMP_ACT_ALOW"})"),
                HasSubstr("did you mean \"SCMP_ACT_ALLOW\"?"));
    EXPECT_THAT(complaint(R"({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/s"})"),
                HasSubstr("asks for a supervisor"));
    EXPECT_THAT(complaint(R"({"defaultAction": "SCMP_ACT_ALLOW", "flags": ["NONE"]})"),
                HasSubstr("must be one of"));
    EXPECT_THAT(complaint(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscals": []})"),
                HasSubstr("unknown key \"syscals\""));
    EXPECT_THAT(complaint_about(std::string("{") + kAllow + "}"),
                HasSubstr("names no system call"));
    EXPECT_THAT(complaint_about(std::string(R"({"name": "a", "names": ["b"], )") + kAllow + "}"),
                HasSubstr("goes with no \"names\""));
    for (const char* kernel : {"4", "4.x", "4.8.1", ".8", "0.0", "-1.2"})
        EXPECT_THAT(complaint_about(std::string(R"({"name": "a", "includes": {"minKernel": ")") +
                                    kernel + "\"}, " + kAllow + "}"),
                    HasSubstr("a kernel's version"))
            << kernel;
    EXPECT_THAT(complaint_about(std::string(R"({"name": "a", "args": [{"index": 6, "value": 1,
                                               "op": "SCMP_CMP_EQ"}], )") +
                                kAllow + "}"),
                HasSubstr("from 0 to 5"));
}

TEST(SeccompProfile, TakesKnownFlagsWhichChangeNoAnswer)
{
    EXPECT_EQ(complaint(R"({"defaultAction": "SCMP_ACT_ALLOW",
                            "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"]})"),
              "accepted");
}

TEST(SeccompProfile, ReadsAKernelsRelease)
{
    EXPECT_EQ(kernel_version("6.18.44-generic"), (KernelVersion{6, 18}));
    EXPECT_EQ(kernel_version("3.12-1-amd64"), (KernelVersion{3, 12}));
    EXPECT_THROW((void)kernel_version("six"), Error);
    EXPECT_THROW((void)kernel_version("6"), Error);
}

// --- in a policy ---

nlohmann::json policy_with_profile()
{
    auto policy = nlohmann::json::parse(embedded_profiles().front().text);
    policy.erase("syscalls");
    policy["seccomp"] = {{"profile", "sub/p.json"}, {"i_accept_kernel_crypto_sockets", true}};
    return policy;
}

TEST(PolicyWithAProfile, FindsItBesideItself)
{
    const TempDirectory directory(std::filesystem::temp_directory_path());
    std::filesystem::create_directory(directory.path() / "sub");
    write_file_atomically(directory.path() / "policy.json", policy_with_profile().dump());
    write_file_atomically(directory.path() / "sub/p.json",
                          R"({"defaultAction": "SCMP_ACT_ALLOW"})");

    const Policy policy = load_policy((directory.path() / "policy.json").native());

    ASSERT_TRUE(policy.seccomp);
    EXPECT_EQ(policy.seccomp->profile.otherwise.action, "allow");
    EXPECT_THAT(policy.seccomp->accepted, ElementsAre("i_accept_kernel_crypto_sockets"));
    EXPECT_TRUE(policy.groups.empty());
    std::filesystem::remove(directory.path() / "sub/p.json");
    EXPECT_THROW((void)load_policy((directory.path() / "policy.json").native()), Error);
}

TEST(PolicyWithAProfile, BindsWhatItSaysAndAccepts)
{
    const auto canonical = [](const nlohmann::json& policy, const std::string& profile) {
        return parse_policy(policy.dump(), "p", [&](const std::string&) { return profile; })
            .canonical_json;
    };
    const std::string profile = R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}}]})";
    const std::string other = R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.9"}}]})";
    const std::string same = R"({"syscalls": [{"comment": "x", "action": "SCMP_ACT_ALLOW",
        "names": ["read"], "includes": {"minKernel": "4.8"}}], "defaultAction": "SCMP_ACT_ERRNO"})";
    auto stricter = policy_with_profile();
    stricter["seccomp"].erase("i_accept_kernel_crypto_sockets");
    const std::string text = canonical(policy_with_profile(), profile);

    EXPECT_EQ(canonical(policy_with_profile(), same), text);
    EXPECT_NE(canonical(policy_with_profile(), other), text);
    EXPECT_NE(canonical(stricter, profile), text);
}

TEST(PolicyWithAProfile, TakesNoGroupsBesideIt)
{
    auto policy = policy_with_profile();
    policy["syscalls"] = {"files"};
    const auto read = [](const std::string&) { return R"({"defaultAction": "SCMP_ACT_ALLOW"})"; };

    EXPECT_THROW((void)parse_policy(policy.dump(), "p", read), Error);
    EXPECT_THROW((void)parse_policy(policy_with_profile().dump(), "p"), Error);
}

} // namespace
} // namespace caisson::policies
